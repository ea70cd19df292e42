/** What `thpscope predict --json` says of a program that starts again. Bytes of anonymous memory. */
export interface RestartPrediction {
  /** What it touched, so far as it is in use now. */
  readonly touched: number;
  /** What page faults make of that, at most. */
  readonly predicted: number;
}

interface PredictJson {
  readonly geometry: { readonly pageShift: number };
  readonly totals: { readonly restart: { readonly touchedPages: number; readonly residentPages: number } };
}

/** Reads what the package of the guest printed: `schemas/predict.schema.json`. */
export function readRestartPrediction(json: unknown): RestartPrediction {
  const { geometry, totals } = json as PredictJson;
  const bytes = (pages: number) => pages * 2 ** geometry.pageShift;
  return { touched: bytes(totals.restart.touchedPages), predicted: bytes(totals.restart.residentPages) };
}
