-- Prolongs a lease by ARGV[2] milliseconds if ARGV[1] still holds it.
if redis.call('get', KEYS[1]) == ARGV[1] then
  return redis.call('pexpire', KEYS[1], ARGV[2])
end
return 0
