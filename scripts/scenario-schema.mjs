// Writes schemas/scenario.schema.json from what the built command accepts as a scenario file; npm run format
// after it.
import { writeFileSync } from 'node:fs';
import { scenarioJsonSchema } from '../build/simulation/scenario-schema.js';

writeFileSync('schemas/scenario.schema.json', `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`);
