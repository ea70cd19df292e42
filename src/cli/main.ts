#!/usr/bin/env node
// The entry of the command line: nothing that an old Node lacks is loaded before the check.
import '../../scripts/require-node.mjs';

import('./start.ts');
