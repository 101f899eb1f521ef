-- One missing key, sixteen threads with a Lua state each, and two hundred coroutines in another one. It is computed once. If the computation raises, dies
-- or asks for itself, nobody hangs: the time of the whole process is limited.
local support = require "support"
local shared = require "cache.one_key"

local THREADS, COROUTINES = 17, 200
local CALLERS = THREADS - 1 + COROUTINES

local function read(path)
  local handle = io.open(path)
  if not handle then return "" end
  local text = handle:read "a"
  handle:close()
  return text
end

-- Returns how many computations there were, and what the callers got.
local function outcome(folder, name)
  local got = { v = 0, e = 0, r = 0 }
  for letter in read(("%s/%s.got"):format(folder, name)):gmatch "." do got[letter] = got[letter] + 1 end
  return #read(folder .. "/" .. name), got
end

support.each_engine(function(engine)
  it("one key is asked for by many threads and coroutines", function()
    local db, url = support.open(engine, shared.schema)
    for id = 1, 3 do db.item:create { data = { id = id, name = "a", notes = { create = { { id = id } } } } } end
    local folder = support.folder()
    local status = select(3, os.execute(("env -u LD_PRELOAD '%s' %d 100 '%s' '%s' '%s' %d >'%s/out' 2>&1 </dev/null"):format(assert(os.getenv "RILLE_HOST"),
      THREADS, package.searchpath("cache.one_key_worker", package.path), url, folder, COROUTINES, folder)))
    local out = read(folder .. "/out")
    assert.equal(0, status, out)
    assert.is_nil(out:find("ThreadSanitizer", 1, true), out)

    local all = { v = CALLERS, e = 0, r = 0 }
    local computed, got = outcome(folder, "once")
    assert.same({ 1, all }, { computed, got })
    assert.same(all, select(2, outcome(folder, "rows")))
    assert.equal("1", read(folder .. "/rows.misses"))
    computed, got = outcome(folder, "raises") -- who made the error has it, the others try again
    assert.same({ 4, { v = CALLERS - 3, e = 3, r = 0 } }, { computed, got })
    computed, got = outcome(folder, "fails") -- all who wait have the error of rille; who comes later tries again
    assert.same({ v = 0, e = 0, r = CALLERS }, got)
    assert.is_true(computed < CALLERS, ("%d computations"):format(computed))
    assert.same(all, select(2, outcome(folder, "itself")))
    assert.same(all, select(2, outcome(folder, "circle")))
    computed, got = outcome(folder, "dies")
    assert.same(all, got)
    assert.is_true(computed >= 2 and computed < CALLERS, ("%d computations"):format(computed)) -- who has waited in vain for long computes at once
  end)
end)
