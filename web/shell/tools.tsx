import { useState } from 'preact/hooks';
import { memory } from '../memory/open-memory.ts';
import { copyText } from '../policy/copy-text.ts';
import { formatLink, link } from '../state/link.ts';
import { THEMES, theme } from '../state/theme.ts';
import { canRedo, canUndo, redo, undo } from '../state/undo.ts';

/** What works in every view: undo, redo, a link to what is seen, and the colours of the page. */
export function Tools() {
  return (
    <div class="tools" role="group" aria-label="Tools">
      <Undo
        name="Undo"
        keys="Ctrl+Z"
        path="M7 4L3 8l4 4M3 8h9a4 4 0 0 1 0 8H8"
        can={canUndo.value}
        act={undo}
      />
      <Undo
        name="Redo"
        keys="Ctrl+Shift+Z"
        path="M13 4l4 4l-4 4M17 8H8a4 4 0 0 0 0 8h4"
        can={canRedo.value}
        act={redo}
      />
      <CopyLink />
      <select
        class="theme"
        aria-label="Colours of the page"
        title="Colours of the page"
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = THEMES[currentTarget.selectedIndex];
        }}
      >
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </div>
  );
}

interface UndoProps {
  readonly name: string;
  readonly keys: string;
  readonly path: string;
  readonly can: boolean;
  readonly act: () => void;
}

/** It keeps the focus when there is nothing left to undo. */
function Undo({ name, keys, path, can, act }: UndoProps) {
  return (
    <button
      type="button"
      class="button tool"
      aria-label={name}
      title={`${name} a change of the policy, or of what Steps shows (${keys})`}
      aria-disabled={!can}
      onClick={act}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d={path} />
      </svg>
    </button>
  );
}

function CopyLink() {
  const [said, setSaid] = useState<{ readonly of: string; readonly text: string } | undefined>();
  const hash = formatLink(link.value);
  const copy = async () => {
    const copied = await copyText(new URL(hash, location.href).href);
    setSaid({ of: hash, text: copied ? `copied${limits()}` : 'copy it from the address bar' });
  };
  return (
    <>
      <button type="button" class="button tool tool-link" onClick={copy} title="Copy a link to what is seen">
        Copy link
      </button>
      <span aria-live="polite" class="tool-said">
        {said?.of === hash && said.text}
      </span>
    </>
  );
}

/** For whom the link does not work. */
function limits(): string {
  const { source } = link.peek().params;
  if (source?.startsWith('server:')) return ': it works while this server runs';
  if (source === undefined && memory.peek()) return ': your file is not in it';
  return '';
}
