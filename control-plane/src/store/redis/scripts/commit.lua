-- One revision: compare the head, write documents and history, trim, publish. All or nothing:
-- whatever can refuse a write refuses the first one.
-- KEYS: meta, documents, history, fence.
-- ARGV: lineage, revision and digest before; revision and digest after; the change set; the time
-- before which old revisions go, how many stay in any case, how many go at once; channel;
-- then field and value of each document, an empty value deleting it.
local head = redis.call('HMGET', KEYS[1], 'lineage', 'revision', 'digest', 'oldest')
if not head[1] then return { 'empty' } end
if redis.call('EXISTS', KEYS[4]) == 1 then return { 'fenced' } end
if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] or head[3] ~= ARGV[3] then
  return { 'conflict', head[1], head[2], head[3] }
end
redis.call('HSET', KEYS[3], ARGV[4], ARGV[6])
for i = 11, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
local oldest = tonumber(head[4])
for _ = 1, tonumber(ARGV[9]) do
  if tonumber(ARGV[4]) - oldest < tonumber(ARGV[8]) then break end
  local set = redis.call('HGET', KEYS[3], oldest)
  if set and tonumber(string.match(set, '^%d+')) >= tonumber(ARGV[7]) then break end
  redis.call('HDEL', KEYS[3], oldest)
  oldest = oldest + 1
end
redis.call('HSET', KEYS[1], 'revision', ARGV[4], 'digest', ARGV[5], 'oldest', oldest)
redis.call('PUBLISH', ARGV[10], ARGV[1] .. ' ' .. ARGV[4])
return { 'stored' }
