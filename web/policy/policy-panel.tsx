import { choice, judgement, totals } from './judgement.ts';

export function PolicyPanel() {
  return (
    <aside class="panel" aria-label="Policy" tabIndex={0}>
      <pre>{JSON.stringify(choice.value, null, 1)}</pre>
      <pre>{JSON.stringify(totals.value, null, 1)}</pre>
      <pre>{JSON.stringify(judgement.value?.total.pagesAfter, null, 1)}</pre>
    </aside>
  );
}
