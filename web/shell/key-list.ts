/** Keys of a view and what they do, as the dialog of keys lists them. */
export type KeyList = readonly (readonly [keys: string, does: string])[];
