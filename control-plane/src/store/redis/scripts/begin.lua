-- Begins a lineage where there is none; of two planes that try, one does.
-- KEYS: meta, documents, history. ARGV: identity, lineage, digest, channel.
local identity = redis.call('HGET', KEYS[1], 'identity')
if identity then return { 'there', identity } end
if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then return { 'headless' } end
redis.call('HSET', KEYS[1], 'identity', ARGV[1], 'lineage', ARGV[2], 'revision', '0',
  'digest', ARGV[3], 'oldest', '1')
redis.call('PUBLISH', ARGV[4], ARGV[2] .. ' 0')
return { 'begun', ARGV[1] }
