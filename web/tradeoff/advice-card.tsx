import { grouped } from '../../src/core/base/plural.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { reasonLines } from '../../src/render/words/advise/advice-reasons.ts';
import { adviceLine, lossLines, WORTH_ROWS, worthCells } from '../../src/render/words/advise/advise-view.ts';
import { reachWords } from '../../src/render/words/tlb-words.ts';
import { Commands } from '../policy/commands.tsx';
import { choose } from '../policy/judgement.ts';
import type { SweptAdvice } from './sweeper.ts';
import { isChosen } from './trade-off.ts';

interface Props {
  readonly advice: SweptAdvice;
  readonly geometry: Geometry;
}

/** What to do within the budget, in the words of `thpscope advise`. */
export function AdviceCard({ advice: given, geometry }: Props) {
  const { advice, budget, choice, machinePages } = given;
  const taken = isChosen(choice);
  const memory = { residentPages: machinePages, geometry };
  return (
    <div class="tradeoff-advice">
      <p class="tradeoff-sentence" role="status">
        {adviceLine(advice, geometry)}
      </p>
      {[...reasonLines(advice, budget, memory), ...lossLines(advice, geometry)].map((line) => (
        <p key={line}>{line}</p>
      ))}
      <WorthTable given={given} geometry={geometry} />
      <p>
        <button type="button" class="button" disabled={taken} onClick={() => choose(choice)}>
          {taken ? 'Chosen' : 'Take it'}
        </button>
      </p>
      {!advice.leave && (
        <details>
          <summary>Writes to sysfs</summary>
          <Commands policy={choice} />
        </details>
      )}
      <details>
        <summary>What this could not see or promise</summary>
        <ul>
          {given.blindSpots.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function WorthTable({ given, geometry }: { readonly given: SweptAdvice; readonly geometry: Geometry }) {
  const { advice, machinePages, tlbEntries, reach } = given;
  const memory = { residentPages: machinePages, geometry };
  const columns = [
    ...(advice.inForce ? [{ title: 'in force', cells: worthCells(advice.inForce, memory) }] : []),
    ...(advice.leave ? [] : [{ title: 'advised', cells: worthCells(advice.advised, memory) }]),
  ];
  return (
    <table class="tradeoff-worth">
      <caption>
        {grouped(Math.round(tlbEntries))} TLB entries now: {reachWords(reach, geometry)}
      </caption>
      <thead>
        <tr>
          <td />
          {columns.map(({ title }) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {WORTH_ROWS.map(([name, cell]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {columns.map(({ title, cells }) => (
              <td key={title}>{cells[cell]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
