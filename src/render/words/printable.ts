/**
 * A name as it may go to a terminal: processes choose their own names, and control characters in them could
 * move the cursor or reverse the line. They come out as \xNN.
 */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
