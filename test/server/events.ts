/** Listens to a server's events, as a page does; `next` waits for one, as "changed 0". */
export async function listenTo(url: string): Promise<{ next(): Promise<string>; stop(): void }> {
  const stop = new AbortController();
  const response = await fetch(new URL('events', url), { signal: stop.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async next() {
      for (;;) {
        const event = /event: (\w+)\ndata: (\w+)\n\n/.exec(text);
        if (event) {
          text = text.slice(event.index + event[0].length);
          return `${event[1]} ${event[2]}`;
        }
        const { value, done } = await reader.read();
        if (done) throw new Error('the server ended the events');
        text += value;
      }
    },
    stop: () => stop.abort(),
  };
}
