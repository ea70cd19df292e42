import { useRef, useState } from 'preact/hooks';
import { type SysfsWrite, writesBetween } from '../../src/analysis/sweep/sysfs-writes.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { writeScript } from '../../src/render/text/advise/write-script.ts';
import { writeCaveats } from '../../src/render/words/advise/advise-view.ts';
import { memory } from '../memory/open-memory.ts';
import { type PolicyChoice, settingsFrom } from './choice.ts';
import { copyText } from './copy-text.ts';

/**
 * The writes to sysfs that set a policy on the machine that the memory was read on, what else they do, and
 * those that go back.
 */
export function Commands({ policy }: { readonly policy: PolicyChoice }) {
  const host = memory.value?.host;
  if (!host) return null;
  const current = host.settings ?? defaultSettings(host.geometry);
  const wanted = settingsFrom(current, policy, host.geometry);
  const there = writesBetween(current, wanted, host.geometry);
  return (
    <>
      <Script label="writes that set this policy" writes={there} />
      {there.length > 0 && (
        <ul class="policy-caveats">
          {writeCaveats(host.kernelRelease, KERNEL_MODELS[policy.model]).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {host.settings ? (
        <>
          <h3>To go back</h3>
          <Script label="writes that go back" writes={writesBetween(wanted, current, host.geometry)} />
        </>
      ) : (
        <p class="policy-note">
          The settings of that machine are not known: these writes start from the kernel's defaults, and there
          is no way back to show.
        </p>
      )}
    </>
  );
}

function Script({ label, writes }: { readonly label: string; readonly writes: readonly SysfsWrite[] }) {
  const text = useRef<HTMLPreElement>(null);
  const [copied, setCopied] = useState<string | undefined>();
  if (writes.length === 0) return <p class="policy-note">nothing to write</p>;
  const script = writeScript(writes);
  const copy = async () => {
    if (await copyText(script)) setCopied('copied');
    else {
      if (text.current) getSelection()?.selectAllChildren(text.current);
      setCopied('selected: copy with the keyboard');
    }
  };
  return (
    <div class="policy-script">
      {/* It scrolls, and so has to be reachable by keyboard. */}
      <pre ref={text} tabIndex={0} aria-label={label}>
        {script}
      </pre>
      <button type="button" class="button" aria-label={`Copy the ${label}`} onClick={copy}>
        Copy
      </button>
      <span role="status" class="policy-note">
        {copied}
      </span>
    </div>
  );
}
