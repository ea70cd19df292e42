import { useEffect } from 'preact/hooks';
import { memory } from '../memory/open-memory.ts';
import { PolicyPanel } from '../policy/policy-panel.tsx';
import { NoMemory } from '../start/no-memory.tsx';
import { followTradeoff, sweep } from './trade-off.ts';

export function TradeoffView() {
  useEffect(followTradeoff, []);
  if (!memory.value) return <NoMemory />;
  return (
    <div class="beside">
      <p>{sweep.value?.front.length}</p>
      <PolicyPanel />
    </div>
  );
}
