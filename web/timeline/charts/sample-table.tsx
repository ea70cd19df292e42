import { useState } from 'preact/hooks';
import { formatDuration } from '../../../src/core/base/duration.ts';
import { grouped } from '../../../src/core/base/plural.ts';
import { formatSize } from '../../../src/core/memory/format-size.ts';
import { asOrder, formatOrder } from '../../../src/core/memory/order.ts';
import type { Sample } from '../../../src/simulation/sample.ts';
import { formatMoment } from '../run-params.ts';
import type { RunSeries } from '../timeline-worker-protocol.ts';
import { ordersIn } from './chart-data.ts';

/** The numbers behind the charts, for those who read rather than look. */
export function SampleTable({ series }: { readonly series: RunSeries }) {
  const [isOpen, setOpen] = useState(false);
  const { samples, geometry } = series;
  const columns: readonly (readonly [string, (sample: Sample) => string])[] = [
    ['RSS', ({ rssPages }) => formatSize(rssPages, geometry)],
    ...ordersIn(samples).map(
      (order) =>
        [
          order === 0 ? 'small pages' : `in ${formatOrder(asOrder(order), geometry)}`,
          ({ pagesByOrder }: Sample) => formatSize(pagesByOrder[order], geometry),
        ] as const,
    ),
    ...(samples.some(({ cachePages }) => cachePages > 0)
      ? ([
          ['page cache', ({ cachePages }: Sample) => formatSize(cachePages, geometry)],
          ['of RSS, files', ({ fileRssPages }: Sample) => formatSize(fileRssPages, geometry)],
        ] as const)
      : []),
    ['free', ({ freePages }) => formatSize(freePages, geometry)],
    ['swap', ({ swapPages }) => formatSize(swapPages, geometry)],
    ['collapses', ({ collapses }) => grouped(collapses)],
    ['attempts', ({ attempts }) => grouped(attempts)],
    ['khugepaged CPU', ({ cpuNs }) => formatDuration(cpuNs)],
    ['mmap write lock held', ({ writeLock }) => formatDuration(writeLock.totalNs)],
    ['others waited', ({ waits }) => formatDuration(waits.totalNs)],
    ['full scans', ({ fullScans }) => grouped(fullScans)],
  ];
  return (
    <details class="sample-table" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{grouped(samples.length)} samples as a table</summary>
      {isOpen && (
        <div class="table-frame" tabIndex={0} role="region" aria-label="Samples">
          <table>
            <caption>The machine at each sample; what is counted adds up since the beginning</caption>
            <thead>
              <tr>
                <th scope="col">time</th>
                {columns.map(([name]) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {samples.map((sample) => (
                <tr key={sample.at}>
                  <th scope="row">{formatMoment(sample.at)}</th>
                  {columns.map(([name, text]) => (
                    <td key={name}>{text(sample)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
