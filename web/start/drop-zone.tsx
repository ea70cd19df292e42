import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { visitFiles } from './sources.ts';

/** The whole page takes dropped files. */
export function DropZone({ children }: { readonly children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  return (
    <div
      class={over ? 'page page-drop' : 'page'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.relatedTarget) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void visitFiles(event.dataTransfer.files);
      }}
    >
      {children}
    </div>
  );
}
