/**
 * What must happen as one is one script on the keys of one partition, all of one hash tag and so of one slot:
 *
 *   fence   the owner's token: who took the partition last
 *   meta    hash: owner, seq, next, resume, partitions, version; fields: how many there are in state
 *   state   hash: instance key → record; `partition` → the rest
 *   outbox  hash: seq → samples that wait to be delivered; `>sink` → seq up to which the sink has them
 *   staged  hash: a state too large for one call, until the call that makes it the state; the field without a name: its seq
 *
 * `seq` counts checkpoints. One whose answer was lost comes again, and one that a broken connection held back may come
 * late: its owner has then written that seq, or a later one, and nothing is done. Whatever is checked is checked before
 * the first write, as a script that fails half-way leaves half.
 */
export const SCRIPTS = {
  /** fence, staged: token. A new owner: whoever had the partition before is fenced. */
  hypermeterTake: `
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 'kept'`,

  /** fence, staged: token, seq, first?, field, value, … Puts a part of a large state aside; `again`: from the first part on. */
  hypermeterStage: `
local fence = redis.call('GET', KEYS[1])
if not fence then return 'lost' end
if fence ~= ARGV[1] then return 'fenced' end
if ARGV[3] == '1' then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], '', ARGV[2])
end
if redis.call('HGET', KEYS[2], '') ~= ARGV[2] then return 'again' end
redis.call('HSET', KEYS[2], unpack(ARGV, 4))
return 'kept'`,

  /**
   * fence, meta, state, outbox, staged: token, seq, next, resume, partitions, version, whole?, number of staged, number of
   * entries, number of changed, number of gone, then seq and samples an entry, field and value a change, field a gone one.
   * `again`: what was put aside is not there any more.
   */
  hypermeterCheckpoint: `
local fence = redis.call('GET', KEYS[1])
if not fence then return 'lost' end
if fence ~= ARGV[1] then return 'fenced' end
local seq, whole = tonumber(ARGV[2]), ARGV[7] == '1'
local had = tonumber(redis.call('HGET', KEYS[2], 'seq') or '0')
if had >= seq and redis.call('HGET', KEYS[2], 'owner') == ARGV[1] then return 'kept' end
if not whole and had ~= seq - 1 then return 'lost' end
local staged = tonumber(ARGV[8])
if staged > 0 then
  if redis.call('HGET', KEYS[5], '') ~= ARGV[2] or redis.call('HLEN', KEYS[5]) ~= staged + 1 then return 'again' end
  redis.call('HDEL', KEYS[5], '')
end
if whole then redis.call('DEL', KEYS[3], KEYS[4]) end
if staged > 0 then
  if whole then
    redis.call('RENAME', KEYS[5], KEYS[3])
  else
    local all = redis.call('HGETALL', KEYS[5])
    for i = 1, #all, 2000 do redis.call('HSET', KEYS[3], unpack(all, i, math.min(i + 1999, #all))) end
    redis.call('DEL', KEYS[5])
  end
end
local entries, changed, gone = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local at = 12
for i = 1, entries do
  redis.call('HSET', KEYS[4], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for i = at, at + 2 * changed - 1, 2000 do
  redis.call('HSET', KEYS[3], unpack(ARGV, i, math.min(i + 1999, at + 2 * changed - 1)))
end
at = at + 2 * changed
for i = at, at + gone - 1, 2000 do
  redis.call('HDEL', KEYS[3], unpack(ARGV, i, math.min(i + 1999, at + gone - 1)))
end
redis.call('HSET', KEYS[2], 'owner', ARGV[1], 'fields', redis.call('HLEN', KEYS[3]))
redis.call('HSET', KEYS[2], 'seq', ARGV[2], 'next', ARGV[3], 'resume', ARGV[4], 'partitions', ARGV[5], 'version', ARGV[6])
return 'kept'`,

  /** fence, outbox: token, field, seq, … How far some sinks are. */
  hypermeterMark: `
local fence = redis.call('GET', KEYS[1])
if not fence then return 'lost' end
if fence ~= ARGV[1] then return 'fenced' end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
return 'kept'`,

  /** fence, outbox: token, seq, … What is delivered does not wait any more. */
  hypermeterConfirm: `
local fence = redis.call('GET', KEYS[1])
if not fence then return 'lost' end
if fence ~= ARGV[1] then return 'fenced' end
redis.call('HDEL', KEYS[2], unpack(ARGV, 2))
return 'kept'`,
} as const;

/** How many keys each script takes. */
export const SCRIPT_KEYS: Readonly<Record<keyof typeof SCRIPTS, number>> = {
  hypermeterTake: 2,
  hypermeterStage: 2,
  hypermeterCheckpoint: 5,
  hypermeterMark: 2,
  hypermeterConfirm: 2,
};
