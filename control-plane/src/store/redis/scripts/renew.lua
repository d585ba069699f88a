-- Keeps leases that are still there.
-- KEYS: their counters. ARGV: the time that a lease counts, in microseconds, then the leases.
local time = redis.call('TIME')
local ends = string.format('%.17g', time[1] * 1000000 + time[2] + ARGV[1])
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'XX', ends, ARGV[i + 1])
  redis.call('PEXPIRE', key, math.ceil(ARGV[1] / 1000))
end
return 1
