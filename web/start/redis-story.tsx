import { formatOrders } from '../../src/core/memory/order.ts';
import { cssColor, FILLED, orderColor, SMALL_PAGE } from '../../src/render/svg/palette.ts';
import { DEFAULT_POLICY, REDIS_STORY } from './redis-figures.ts';
import { visit } from './sources.ts';

const COLORS = {
  small: cssColor(SMALL_PAGE),
  huge: cssColor(orderColor(9, 9)),
  filled: cssColor(FILLED),
};

/** What thpscope is about, told by one recorded process: three bars, a sentence, a button. */
export function RedisStory() {
  const most = Math.max(...REDIS_STORY.map(({ parts }) => sumOf(parts)));
  return (
    <section class="story" aria-labelledby="story-title">
      <h2 id="story-title">A cache of 66.7M becomes one of 287M</h2>
      <p>
        redis-server lost four keys of five, and what is left lies here and there. khugepaged with the
        kernel's default settings makes huge pages of it all the same, and fills the gaps with zeros. Which
        settings do that, to which process, and what would they gain?
      </p>
      <dl class="bars">
        {REDIS_STORY.map(({ title, parts, says }) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>
              <span class="bar" aria-hidden="true">
                {parts.map(({ kind, megabytes }) => (
                  <span
                    key={kind}
                    style={{ width: `${(100 * megabytes) / most}%`, background: COLORS[kind] }}
                  />
                ))}
              </span>
              {says}
            </dd>
          </div>
        ))}
      </dl>
      <ul class="legend" aria-label="Colours">
        <Swatch kind="small" text="in small pages" />
        <Swatch kind="huge" text="in huge pages" />
        <Swatch kind="filled" text="filled: empty before" />
      </ul>
      <p>
        <button
          type="button"
          class="button button-main"
          onClick={() => visit('example:redis', 'map', policy())}
        >
          See it on the map
        </button>
      </p>
    </section>
  );
}

function policy(): Record<string, string> {
  const { always, maxPtesNone } = DEFAULT_POLICY;
  return { always: formatOrders(always), madvise: 'none', none: String(maxPtesNone) };
}

function Swatch({ kind, text }: { readonly kind: keyof typeof COLORS; readonly text: string }) {
  return (
    <li>
      <span class="swatch" style={{ background: COLORS[kind] }} />
      {text}
    </li>
  );
}

function sumOf(parts: (typeof REDIS_STORY)[number]['parts']): number {
  return parts.reduce((sum, { megabytes }) => sum + megabytes, 0);
}
