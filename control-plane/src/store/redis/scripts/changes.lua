-- Change sets from one revision on, as many as fit; first the head.
-- KEYS: meta, history. ARGV: first revision, how many, bytes.
local out = redis.call('HMGET', KEYS[1], 'lineage', 'revision', 'digest')
if not out[1] then return {} end
local bytes = 0
for n = tonumber(ARGV[1]), math.min(tonumber(ARGV[1]) + tonumber(ARGV[2]) - 1, tonumber(out[2])) do
  local set = redis.call('HGET', KEYS[2], n)
  if not set then break end
  bytes = bytes + #set
  if bytes > tonumber(ARGV[3]) and #out > 3 then break end
  out[#out + 1] = set
end
return out
