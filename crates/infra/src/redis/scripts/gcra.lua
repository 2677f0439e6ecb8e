-- Charges several accounts at once, by the generic cell rate algorithm: all of them pay, or none.
-- An account is the moment, in microseconds, at which all of its units are back; it is forgotten
-- then. ARGV: the cost, then for each key the microseconds until a unit is back, and the burst.
-- Answers for each key with units left, microseconds of waiting, microseconds until it is full.
local clock = redis.call('time')
local now = clock[1] * 1000000 + clock[2]
local seen, admitted = {}, true
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local from = math.max(tonumber(redis.call('get', key) or now), now)
  local full = from + math.min(tonumber(ARGV[1]), burst) * interval
  local room = now + burst * interval
  -- Less than a microsecond is what the numbers of today are rounded by.
  local wait = full - room > 0.5 and full - room or 0
  admitted = admitted and wait == 0
  seen[i] = { interval = interval, burst = burst, from = from, full = full, room = room, wait = wait }
end
local answer = {}
for i, key in ipairs(KEYS) do
  local it = seen[i]
  local at = admitted and it.full or it.from
  if admitted then
    local life = math.max(1, math.ceil((it.full - now) / 1000))
    redis.call('set', key, string.format('%.3f', it.full), 'PX', string.format('%.0f', life))
  end
  local left = math.floor((it.room - at) / it.interval + 0.000001)
  answer[#answer + 1] = math.max(0, math.min(it.burst, left))
  answer[#answer + 1] = math.ceil(it.wait)
  answer[#answer + 1] = math.ceil(at - now)
end
return answer
