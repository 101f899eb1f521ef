-- The cache behind a real pgbouncer in transaction mode: what it notices of others, and what it says when it notices nothing.
local cqueues = require "cqueues"
local rille = require "rille"
local servers = require "servers.servers"
local support = require "support"

if not support.server then return end

local SCHEMA = "model Tag {\n  id   Int    @id @default(autoincrement())\n  name String @unique\n}\n"

-- Polls for half a minute.
local function wait_for(what, fn)
  for _ = 1, 3000 do
    if fn() then return end
    cqueues.sleep(0.01)
  end
  error("this never came: " .. what, 2)
end

describe("the cache behind pgbouncer", function()
  local pooler, through, direct

  setup(function() pooler = servers.pooler(support.server, "default_pool_size=2 ignore_startup_parameters=extra_float_digits,options,DateStyle") end)
  teardown(servers.stop)
  before_each(function()
    direct = support.database "postgresql"
    rille.push { schema_text = SCHEMA, url = direct }
    through = pooler:gsub("/postgres$", "/" .. support.database_name(direct))
  end)
  after_each(support.cleanup)

  -- A client, a function that counts and says whether that was a hit, and its warnings.
  local function open(url, cache)
    local db = support.connect(url, SCHEMA, { cache = cache })
    local last, warnings = {}, {}
    db:on("cache", function(event) last.answer = event.answer end)
    db:on("warn", function(event) warnings[#warnings + 1] = event.message end)
    local function ask(ttl)
      last.answer = nil
      local count = db.tag:count { cache = { ttl = ttl or 600 } }
      return last.answer == "hit", count
    end
    return ask, warnings
  end

  it("hears of others at listen_url", function()
    local ask, warnings = open(through .. "?pgbouncer=true", { listen_url = direct })
    local other = support.connect(direct, SCHEMA, { cache = true })
    wait_for("a hit", function() return (ask()) end)
    for i = 1, 3 do
      other.tag:create { data = { name = "a" .. i } }
      wait_for("the new row", function() return select(2, ask()) == i end)
      wait_for("a hit", function() return (ask()) end)
    end
    assert.same({}, warnings)
  end)

  it("says once that only ttl holds without it, and lets it hold", function()
    local ask, warnings = open(through .. "?pgbouncer=true", true)
    assert.is_false((ask()))
    assert.is_true((ask()))
    support.psql("INSERT INTO \"Tag\" (name) VALUES ('x')", support.database_name(direct))
    for _ = 1, 20 do
      local hit, count = ask()
      assert.same({ true, 0 }, { hit, count })
    end
    wait_for("the new row", function() return select(2, ask(0.05)) == 1 end)
    assert.equal(1, #warnings)
    assert.matches("pooler in transaction mode", warnings[1], 1, true)
    assert.matches("cache.listen_url", warnings[1], 1, true)
  end)

  -- LISTEN succeeds there, and whoever has the session next gets the notices.
  local function gives_nothing(url, cache)
    local ask, warnings = open(url, cache)
    wait_for("a warning", function()
      assert.is_false((ask()))
      return #warnings > 0
    end)
    for _ = 1, 20 do assert.is_false((ask())) end
    assert.equal(1, #warnings)
    assert.matches("did not reach the listener", warnings[1], 1, true)
    assert.matches("cache.listen_url", warnings[1], 1, true)
  end

  it("gives nothing where nobody says that there is a pooler", function() gives_nothing(direct, { listen_url = through }) end)

  it("gives nothing where listen_url is another database", function()
    gives_nothing(direct, { listen_url = (direct:gsub("/[^/?]*$", "/postgres")) })
    gives_nothing(through .. "?pgbouncer=true", { listen_url = (direct:gsub("/[^/?]*$", "/postgres")) })
  end)
end)
