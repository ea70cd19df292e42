/** A scenario that comes with thpscope, as its file says it. */
export interface BundledScenario {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** The content of the file, to be read by the simulation's schema. */
  readonly json: unknown;
}

const files = import.meta.glob<{ title: string; about: string }>('../../examples/scenarios/*.json', {
  eager: true,
  import: 'default',
});

/** All of them, by name. */
export const SCENARIOS: readonly BundledScenario[] = Object.entries(files)
  .map(([path, json]) => ({
    name: path.replace(/^.*\/|\.json$/g, ''),
    title: json.title,
    about: json.about,
    json,
  }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
