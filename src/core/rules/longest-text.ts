/**
 * Characters of a text that a recording may hold: names of files and control groups have at most 4,096 bytes
 * (PATH_MAX), which smaps may write in four characters each, and what thpscope says of them is a sentence.
 * What is longer comes from no machine, and would be printed again and again.
 */
export const LONGEST_TEXT = 20_000;
