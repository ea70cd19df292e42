import { render } from 'preact';
import { followPolicy } from './policy/judgement.ts';
import { App } from './shell/app.tsx';
import { followBugs } from './shell/bugs.ts';
import { followLive } from './start/live.ts';
import { findServer, followSource } from './start/sources.ts';
import { followLinks } from './state/link.ts';

const root = document.getElementById('app');
if (!root) throw new Error('the page has no #app');
followBugs();
followLinks();
followPolicy();
render(<App />, root);
await findServer();
followSource();
followLive();
