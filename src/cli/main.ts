#!/usr/bin/env node
// The entry of the command line: nothing that an old Node lacks is loaded before the check.
import '../../scripts/require-node.cjs';

import('./start.ts').then(({ startThpscope }) => startThpscope());
