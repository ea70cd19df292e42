import { visitFiles } from './sources.ts';

/** Asks for a snapshot from the disk, or for two to compare; they stay in this page. */
export function FileButton({ label = 'Open a snapshot…' }: { readonly label?: string }) {
  return (
    <label class="button">
      {label}
      <input
        type="file"
        accept=".parquet"
        multiple
        class="visually-hidden"
        onChange={({ currentTarget }) => {
          if (currentTarget.files) void visitFiles(currentTarget.files);
        }}
      />
    </label>
  );
}
