/** The element of the dialog, which is loaded after the map. */
export const KEYS_DIALOG = 'map-keys-dialog';

/** Shows the keys of the map; Escape closes them. */
export function openKeys(): void {
  const dialog = document.getElementById(KEYS_DIALOG);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}
