import { useComputed } from '@preact/signals';
import {
  faultFoliosWords,
  faultPolicyWords,
  faultResidentWords,
  vmaPagesWords,
  vmaWords,
} from '../../src/render/words/explain/fault-words.ts';
import { row } from '../steps/steps-signals.ts';
import { FaultGrid } from './fault-grid.tsx';
import { FaultLegend } from './fault-legend.tsx';
import { FaultList } from './fault-list.tsx';
import { FaultNow } from './fault-now.tsx';
import { faultPicture } from './fault-picture.ts';
import { followed } from './faults-signals.ts';

/** One VMA and the page faults in it, at the step that is shown. */
export function FaultsColumn() {
  const { vma, steps, pages } = followed.value;
  const index = row.value - 1;
  const picture = useComputed(() =>
    row.value > 0 ? faultPicture(followed.value, row.value - 1) : undefined,
  );
  return (
    <section class="column fault-column" aria-label="Page faults">
      <div class="column-head">
        <p>
          <strong>{vmaWords(vma)}</strong>, {vmaPagesWords(vma, pages.geometry)};{' '}
          {faultPolicyWords(followed.value)}
        </p>
        {steps.length > 0 && (
          <p class="column-result">
            in the end {faultFoliosWords(pages)}; {faultResidentWords(followed.value)}
          </p>
        )}
      </div>
      {picture.value === undefined ? (
        <p class="step-now step-over">
          The program touches nothing. Write a history such as <code>w37 w101 r5 d0-511</code>.
        </p>
      ) : (
        <div class="fault-body">
          <div class="fault-side">
            <FaultGrid picture={picture.value} index={index} />
            <FaultLegend picture={picture.value} givesBack={steps[index].act.kind === 'dontneed'} />
            <FaultNow index={index} rangeStart={picture.value.rangeStart} />
          </div>
          <FaultList />
        </div>
      )}
    </section>
  );
}
