-- Takes from every counter, or from none.
-- KEYS: counters. ARGV: the time that a lease counts, then for each counter: kind, limit, time, most,
-- amount, whether that is a guess, lease.
-- Answer: the counter that refuses (0: none), the time after which it may not, and for each counter what
-- is left, the time until it is whole again, and its window.
local lease_time = tonumber(ARGV[1])
local states, refused, wait = {}, 0, -1
for i, key in ipairs(KEYS) do
  local at = 7 * (i - 1) + 1
  local kind, limit, per = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local most, amount = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local guessed = ARGV[at + 6] == '1'
  local state, after
  if kind == 'concurrent' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now))
    state = { used = redis.call('ZCARD', key), mark = 0, open = 1, reset = 0 }
    after = 1000000
  else
    state = stand(key, kind, limit, per)
    after = state.reset
    if kind == 'rolling' then
      after = (state.used + math.min(amount, most) - most) * per / limit
    end
  end
  local fits = state.used + amount <= most
  if guessed and state.open == 0 and state.used < most then fits = true end
  if amount > 0 and not fits and after > wait then refused, wait = i, after end
  states[i] = state
end
local answer = { refused, math.max(0, math.ceil(wait)) }
for i, key in ipairs(KEYS) do
  local at = 7 * (i - 1) + 1
  local kind, limit, per = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local most, amount = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local state = states[i]
  if refused == 0 and amount > 0 then
    state.used = state.used + amount
    if kind == 'concurrent' then
      redis.call('ZADD', key, text(now + lease_time), ARGV[at + 7])
      redis.call('PEXPIRE', key, math.ceil(lease_time / 1000))
    else
      local guessed = ARGV[at + 6] == '1'
      if guessed then state.open = state.open + 1 end
      if kind == 'rolling' then state.reset = state.used * per / limit end
      keep(key, kind, state, limit, per, guessed)
    end
  end
  answer[#answer + 1] = math.max(0, math.floor(most - state.used))
  answer[#answer + 1] = math.ceil(state.reset)
  answer[#answer + 1] = state.mark
end
return answer
