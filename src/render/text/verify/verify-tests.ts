import type { VerifyReport } from '../../../verify/verification.ts';
import { html } from '../../words/markup.ts';
import { verifyChecks } from '../../words/verify/verify-checks.ts';

/** Checks as the test programs of the kernel print theirs: docs.kernel.org/dev-tools/ktap.html. */
export function verifyKtap(report: VerifyReport): string {
  const checks = verifyChecks(report);
  const lines = checks.flatMap(({ name, state, details }, i) => {
    // A # would begin a directive.
    const line = `${state === 'failed' ? 'not ok' : 'ok'} ${i + 1} ${name.replaceAll('#', '')}`;
    if (state === 'skipped') return [`${line} # SKIP ${details.join('; ')}`];
    return [...details.map((detail) => `# ${detail}`), line];
  });
  return `${['KTAP version 1', `1..${checks.length}`, ...lines].join('\n')}\n`;
}

/** Checks as JUnit writes them, which CI servers read. */
export function verifyJunit(report: VerifyReport, seconds: number): string {
  const checks = verifyChecks(report);
  const count = (state: string) => checks.filter((check) => check.state === state).length;
  const cases = checks.map(({ name, state, details }) => {
    const lines = details.map(
      (detail) => html`${detail}
`,
    );
    const inside = {
      passed: undefined,
      failed: html`<failure message="${details[0]}">${lines}</failure>`,
      skipped: html`<skipped message="${details[0]}"/>`,
    }[state];
    return html`  <testcase classname="thpscope.verify" name="${name}">${inside}</testcase>
`;
  });
  const suite = html`<testsuite name="thpscope verify ${report.names.join(' ')}" tests="${checks.length}" failures="${count('failed')}" skipped="${count('skipped')}" time="${seconds.toFixed(3)}">
${cases}</testsuite>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suite.text}\n`;
}
