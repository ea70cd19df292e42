import { render } from 'preact';
import { followPolicy } from './policy/judgement.ts';
import { App } from './shell/app.tsx';
import { followBugs } from './shell/bugs.ts';
import { followShortcuts } from './shell/shortcuts.ts';
import { followTitle } from './shell/title.ts';
import { followLive } from './start/live.ts';
import { findServer, followSource, serverSources } from './start/sources.ts';
import { followLinks } from './state/link.ts';
import { followWayBack } from './state/undo.ts';

const root = document.getElementById('app');
if (!root) throw new Error('the page has no #app');
followBugs();
followLinks();
followWayBack();
followShortcuts();
followTitle();
followPolicy();
render(<App />, root);
await findServer();
followSource();
followLive();
// A server may end: what leads to other memory is there then.
if (serverSources.peek().length > 0) void import('./start/start-view.tsx');
