-- Corrects what was taken.
-- KEYS: counters. ARGV, for each: kind, limit, time, change, window, whether a guess ends, lease.
for i, key in ipairs(KEYS) do
  local at = 7 * (i - 1)
  local kind, limit, per = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local change, mark = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  if kind == 'concurrent' then
    redis.call('ZREM', key, ARGV[at + 7])
  else
    local state = stand(key, kind, limit, per)
    local same = state.mark == mark
    -- What is given back to a window that is over is nobody's.
    if same or change > 0 then
      state.used = math.max(0, state.used + change)
      if same and ARGV[at + 6] == '1' then state.open = math.max(0, state.open - 1) end
      keep(key, kind, state, limit, per, false)
    end
  end
end
return 1
