// Says at its end, on stderr, what a process took: KiB of memory at most, microseconds of CPU.
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stderr.write(`peak ${maxRSS} cpu ${userCPUTime + systemCPUTime}\n`);
});
