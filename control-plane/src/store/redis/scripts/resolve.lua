-- After the answer to a commit was lost: was it made? If not, it never will be: should it still be
-- on its way, it meets the fence.
-- KEYS: history, fence. ARGV: revision, the commit's id, seconds that the fence stands.
local set = redis.call('HGET', KEYS[1], ARGV[1])
if set and string.match(set, '^%d+ (%w+)\n') == ARGV[2] then return 1 end
redis.call('SET', KEYS[2], '1', 'EX', ARGV[3])
return 0
