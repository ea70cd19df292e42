import { camera, layout, moveTo, size, viewport } from './map-state.ts';
import { fitCamera, zoomAt } from './picture/camera.ts';

/** Over the map, where its camera is. */
export function ZoomButtons() {
  const zoom = (factor: number) => {
    const { width, height } = size.value;
    moveTo(zoomAt(camera.value, layout.value, viewport.value, factor, width / 2, height / 2));
  };
  return (
    <span class="zoom">
      <button type="button" class="button" aria-label="Zoom out" onClick={() => zoom(1 / 1.5)}>
        −
      </button>
      <button type="button" class="button" aria-label="Zoom in" onClick={() => zoom(1.5)}>
        +
      </button>
      <button type="button" class="button" onClick={() => moveTo(fitCamera(layout.value, viewport.value))}>
        All
      </button>
    </span>
  );
}
