-- Sixteen threads with a Lua state each, and two hundred coroutines in another one, write with hooks at the same time: each row has its hooks once, and a
-- call whose hook raises leaves nothing. Run under ThreadSanitizer by `make tsan`.
local support = require "support"
local shop = require "extend.shop"

local THREADS, ROUNDS, COROUTINES = 17, 4, 200

local function run(url)
  local path = os.tmpname()
  local status = select(3, os.execute(("env -u LD_PRELOAD '%s' %d 600 '%s' '%s' %d %d >'%s' 2>&1 </dev/null"):format(
    assert(os.getenv "RILLE_HOST"), THREADS, package.searchpath("extend.worker", package.path), url, ROUNDS, COROUTINES, path)))
  local handle = assert(io.open(path))
  local out = handle:read "a"
  handle:close()
  os.remove(path)
  return status, out
end

support.each_engine(function(engine)
  it("hooks of many threads and coroutines are called once a row", function()
    local db, url = support.open(engine, shop.schema)
    local status, out = run(url)
    assert.equal(0, status, out)
    assert.is_nil(out:find("ThreadSanitizer", 1, true), out)
    local works = (THREADS - 1) * ROUNDS + COROUTINES
    assert.same({ 2 * works, 2 * works, 0 },
      { db.post:count(), db.tag:count(), db.post:count { where = { OR = { { title = { starts_with = "lost" } }, { views = { ["not"] = 1 } } } } } })
  end)
end)
