import { visitFiles } from './sources.ts';

/** Asks for a snapshot from the disk; it stays in this page. */
export function FileButton() {
  return (
    <label class="button">
      Open a snapshot…
      <input
        type="file"
        accept=".parquet"
        class="visually-hidden"
        onChange={({ currentTarget }) => {
          if (currentTarget.files) void visitFiles(currentTarget.files);
        }}
      />
    </label>
  );
}
