-- A network that goes silent on open connections: a caller with a deadline gets its error in time, and no other caller of the thread waits for it.
local support = require "support"
local schedulers = require "coop.schedulers"

if not support.server then return end

local cqueues = require "cqueues"
local Proxy = require "coop.proxy"

local schema = "model Note {\n id Int @id @default(autoincrement())\n text String\n}"

describe("a silent network", function()
  after_each(support.cleanup)

  -- Calls fn(db, proxy) in a coroutine when the network is silent. Returns its error and how long it took.
  local function in_silence(parameters, fn)
    local queue, took, e = cqueues.new(), nil, nil
    local worst, left, after = 0, true, nil
    queue:wrap(function()
      local _, url = support.open("postgresql", schema)
      local proxy = Proxy.open(url)
      local db = support.connect(proxy.url .. parameters, schema, { wait = "cqueues", pool = { size = 2 } })
      db.note:create { data = { text = "kept" } }
      queue:wrap(function()
        while left do
          local before = schedulers.now()
          cqueues.sleep(0.01)
          worst = math.max(worst, schedulers.now() - before)
        end
      end)
      proxy.silent = true
      local before = schedulers.now()
      e = select(2, pcall(fn, db, proxy))
      took = schedulers.now() - before
      left = false
      proxy:cut()
      proxy.silent = false
      after = db.note:count()
      assert.equal(0, db:metrics().pool.in_use)
      db:close()
      proxy:close()
    end)
    assert(queue:loop())
    assert.equal(1, after)
    assert.is_true(worst < 0.8, ("the thread was away for %.3f s"):format(worst))
    return e, took
  end

  it("delays no call beyond socket_timeout", function()
    local e, took = in_silence("&socket_timeout=1", function(db) db.note:find_many() end)
    assert.equal("P1008", e.code)
    assert.is_true(took >= 0.9 and took < 4, ("took %.1f s"):format(took))
  end)

  it("delays no other transaction that times out", function()
    local queue, order = cqueues.new(), {}
    queue:wrap(function()
      local direct, url = support.open("postgresql", schema)
      local proxy = Proxy.open(url)
      local db = support.connect(proxy.url, schema, { wait = "cqueues" })
      local function expire(client, timeout, name, prepare)
        local e = support.fails("P2028", client.transaction, client, function(tx)
          tx.note:create { data = { text = "lost" } }
          prepare()
          while client:metrics().pool.in_use > 0 do cqueues.sleep(0.01) end
          order[#order + 1] = name
          tx.note:count()
        end, { timeout = timeout })
        assert.matches("expired", e.message)
      end
      local left = 2
      local function begin(...)
        expire(...)
        left = left - 1
        if left > 0 then return end
        proxy:cut()
        proxy.silent = false
        db:close()
        proxy:close()
      end
      queue:wrap(begin, db, 200, "silent", function() proxy.silent = true end)
      queue:wrap(begin, direct, 400, "direct", function() end)
    end)
    assert(queue:loop())
    assert.same({ "direct", "silent" }, order)
  end)

  it("delays no transaction beyond its timeout", function()
    local e, took = in_silence("", function(db)
      db:transaction(function(tx) tx.note:create { data = { text = "lost" } } end, { max_wait = 1000, timeout = 1000 })
    end)
    assert.equal("P2028", e.code)
    assert.is_true(took >= 0.9 and took < 4, ("took %.1f s"):format(took))
  end)

  -- The server may have got it or not: the outcome is unknown.
  for _, parameters in ipairs { "&socket_timeout=1", "" } do
    it("leaves the outcome of a commit unknown, and delays it no longer than the timeout " .. parameters, function()
      local told = {}
      local e, took = in_silence(parameters, function(db, proxy)
        proxy.silent = false
        db:transaction(function(tx)
          tx:after_commit(function() told[#told + 1] = "committed" end)
          tx:after_rollback(function() told[#told + 1] = "rolled back" end)
          tx.note:create { data = { text = "who knows" } }
          proxy.silent = true
        end, { max_wait = 1000, timeout = 1500 })
      end)
      assert.equal("P1008", e.code)
      assert.matches("its outcome is unknown", e.message, 1, true)
      assert.same({}, told)
      assert.is_true(took >= 0.9 and took < 5, ("took %.1f s"):format(took))
    end)
  end

  it("delays no rollback forever, and hides no error behind it", function()
    local e, took = in_silence("", function(db, proxy)
      proxy.silent = false
      db:transaction(function(tx)
        tx.note:create { data = { text = "lost" } }
        proxy.silent = true
        error("mine", 0)
      end, { max_wait = 1000, timeout = 1500 })
    end)
    assert.equal("mine", e)
    assert.is_true(took < 5, ("took %.1f s"):format(took))
  end)
end)
