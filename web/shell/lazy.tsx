import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { failure } from '../memory/open-memory.ts';

/** A part of a view that is loaded when it is first looked at: the first load is kept small. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => preact.JSX.Element | null {
  let Loaded: ComponentType<Props> | undefined;
  return (props) => {
    const [, setLoaded] = useState(Loaded !== undefined);
    useEffect(() => {
      if (Loaded) return;
      void load().then(
        (component) => {
          Loaded = component;
          setLoaded(true);
        },
        ({ message }: Error) => {
          failure.value = { kind: 'unreadable', message: `${message}; is the server still running?` };
        },
      );
    }, []);
    return Loaded ? <Loaded {...props} /> : null;
  };
}
