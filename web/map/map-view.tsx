import { memory } from '../memory/open-memory.ts';
import { PolicyPanel } from '../policy/policy-panel.tsx';
import { NoMemory } from '../start/no-memory.tsx';

export function MapView() {
  if (!memory.value) return <NoMemory />;
  return (
    <div class="beside">
      <p>{memory.value.rows} ranges</p>
      <PolicyPanel />
    </div>
  );
}
