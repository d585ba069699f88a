-- What the scripts of counters have in common: how a counter stands now, by Redis's own clock. Times
-- are microseconds. A counter is a hash: u (used), t (rolling: when u was right; else the end of the
-- window), f (open guesses), b (until when f counts, for who took them may have disappeared). One that
-- holds leases is a sorted set of them by their ends.
local DAY = 86400000000
local BUSY = 600000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number) return string.format('%.17g', number) end

-- The end of the month: years are counted from March, so that the leap day is their last.
local function month_end()
  local days = math.floor(now / DAY) + 719468
  local of_era = days % 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524)
    - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * of_year + 2) / 153)
  local length
  if month < 11 then
    length = math.floor((153 * (month + 1) + 2) / 5)
  else
    local february = year + 1
    local leap = february % 4 == 0 and (february % 100 ~= 0 or february % 400 == 0)
    length = leap and 366 or 365
  end
  return (days - 719468 - of_year + length) * DAY
end

local function window(kind, per)
  if kind == 'day' then return (math.floor(now / DAY) + 1) * DAY, DAY end
  if kind == 'month' then return month_end(), 31 * DAY end
  return now + per, per
end

local function stand(key, kind, limit, per)
  local fields = redis.call('HMGET', key, 'u', 't', 'f', 'b')
  local used, at = tonumber(fields[1]) or 0, tonumber(fields[2]) or 0
  local open = tonumber(fields[3]) or 0
  if (tonumber(fields[4]) or 0) <= now then open = 0 end
  if kind == 'rolling' then
    used = math.max(0, used - math.max(0, now - at) * limit / per)
    return { used = used, mark = 0, open = open, reset = used * per / limit }
  end
  local ends, length = window(kind, per)
  -- A window that ends later than any can: the clock went back.
  if at <= now or at > now + length then
    used, open = 0, 0
  else
    ends = at
  end
  return { used = used, mark = ends, open = open, reset = ends - now }
end

local function keep(key, kind, state, limit, per, opens)
  local at = kind == 'rolling' and now or state.mark
  local fields = { 'u', text(state.used), 't', text(at), 'f', state.open }
  if opens then
    fields[#fields + 1] = 'b'
    fields[#fields + 1] = text(now + BUSY)
  end
  redis.call('HSET', key, unpack(fields))
  local rest = kind == 'rolling' and state.used * per / limit or state.mark - now
  redis.call('PEXPIRE', key, math.ceil(rest / 1000) + 1000)
end
