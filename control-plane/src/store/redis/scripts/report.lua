-- Keeps a data plane's report, by Redis's own clock.
-- KEYS: reports, times of reports. ARGV: id, report, milliseconds kept, the most reports.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
local count = redis.call('ZCARD', KEYS[2])
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3], 'LIMIT', 0, 100)
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, count - ARGV[4] - 1)) do old[#old + 1] = id end
for _, id in ipairs(old) do
  if id ~= ARGV[1] then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
