-- The reports that are young enough.
-- KEYS: reports, times of reports. ARGV: milliseconds kept.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local out = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. (now - ARGV[1]), '+inf')) do
  out[#out + 1] = redis.call('HGET', KEYS[1], id)
end
return out
