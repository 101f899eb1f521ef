-- Listening and notifying.
local core = require "rille.core"
local support = require "support"
local schedulers = require "coop.schedulers"

local SCHEMA = "model Note {\n id Int @id\n}"

if support.server then
  describe("notifications on postgresql", function()
    after_each(support.cleanup)
    local db, url
    before_each(function() db, url = support.open("postgresql", SCHEMA, { pool = { size = 1 } }) end)

    local function payloads(channels, tell, timeout)
      local list = {}
      for n in db:notifications(channels, { timeout = timeout or 300, on_listen = tell }) do list[#list + 1] = n.channel .. "=" .. n.payload end
      return list
    end

    it("come from any session, with channel, payload and pid", function()
      local got
      local stopped = db:listen("news", function(n)
        got = n
        return false
      end, { on_listen = function() db:notify("news", "hot") end, timeout = 5000 })
      assert.is_true(stopped)
      assert.equal("news", got.channel)
      assert.equal("hot", got.payload)
      assert.equal(db:query_raw("SELECT pg_backend_pid() AS pid")[1].pid, got.pid)
      assert.is_false(db:listen("news", print, { timeout = 20 }))
    end)

    it("are waited for as long as the caller says", function()
      local stopped = db:listen("news", function() return false end, { on_listen = function() db:notify("news", "hot") end, timeout = math.huge })
      assert.is_true(stopped)
    end)

    it("come from several channels, whatever their names, in order", function()
      local odd = 'a "b"; DROP TABLE x'
      assert.same({ "one=", odd .. "=1", "Two=2", "one=" .. ("x"):rep(7999) }, payloads({ "one", odd, "Two" }, function()
        db:notify "one"
        db:notify(odd, "1")
        db:notify("two", "of another name")
        db:notify("Two", "2")
        db:notify("one", ("x"):rep(7999))
      end))
    end)

    it("are sent when the transaction commits, and never if it does not", function()
      assert.same({ "a=committed" }, payloads("a", function()
        pcall(db.transaction, db, function(tx)
          tx:notify("a", "rolled back")
          error "x"
        end)
        db:transaction(function(tx)
          tx:notify("a", "committed")
          assert.same({}, tx:query_raw "SELECT 1 AS x WHERE false")
        end)
      end))
    end)

    it("hold no connection of the pool", function()
      payloads("a", function()
        assert.equal(0, db:metrics().pool.in_use)
        assert.equal(0, db.note:count())
      end)
      assert.equal(1, db:metrics().pool.open)
    end)

    it("come again after a loss, which is reported", function()
      local calls, list = {}, {}
      db:listen("a", function(n)
        list[#list + 1] = n.payload
        if n.payload == "last" then return false end
        db:query_raw("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() "
          .. "AND query LIKE 'LISTEN%'")
        return true
      end, {
        timeout = 5000,
        on_listen = function(again)
          calls[#calls + 1] = again
          db:notify("a", again and "last" or "first")
        end,
      })
      assert.same({ false, true }, calls)
      assert.same({ "first", "last" }, list)
    end)

    it("end their connection with the loop", function()
      local function listeners()
        return tonumber(support.psql(("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND query LIKE 'LISTEN%%'"):format(
          support.database_name(url))))
      end
      pcall(db.listen, db, "a", function() error "mine" end, { timeout = 1000, on_listen = function() db:notify "a" end })
      local left = 1
      for _ in db:notifications("a", { timeout = 1000, on_listen = function() db:notify "a" end }) do
        left = left - 1
        if left == 0 then break end
      end
      local co = coroutine.create(function() db:listen("a", coroutine.yield, { timeout = 1000, on_listen = function() db:notify "a" end }) end)
      assert(coroutine.resume(co))
      assert.equal(1, listeners())
      coroutine.close(co)
      local stop = core.monotonic() + 5
      while listeners() > 0 and core.monotonic() < stop do core.poll(nil, nil, 0.01) end
      assert.equal(0, listeners())
    end)

    it("of loops whose coroutine died are not kept", function()
      local opened, most = 60, 0
      local function die()
        for _ in db:notifications("a", { timeout = 2000, on_listen = function() db:notify("a", "x") end }) do error("in a loop", 0) end
      end
      for _ = 1, opened do
        local _, raised = coroutine.resume(coroutine.create(die)) -- nothing of it is closed before it is collected
        assert.equal("in a loop", raised)
        local there = db:query_raw("SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()")[1].n
        most = math.max(most, there)
      end
      assert.is_true(most < opened / 2, most)
    end)

    it("raises the error of the first connection", function()
      local nowhere = support.connect(url:gsub("/[^/?]*$", "/no_such_database"), SCHEMA)
      local e = support.fails("P1003", nowhere.listen, nowhere, "a", print, { timeout = 1000 })
      assert.is_string(e.message)
    end)

    it("need a session", function()
      local pooled = support.connect(url .. (url:find "?" and "&" or "?") .. "pgbouncer=true", SCHEMA)
      assert.matches("pooler", support.fails("P2026", pooled.listen, pooled, "a", print).message)
      pooled:notify("a", "is possible")
    end)

    for _, scheduler in ipairs(schedulers.all) do
      it("let other coroutines work meanwhile, under " .. scheduler.name, function()
        local co = support.connect(url, SCHEMA, { wait = scheduler.wait, pool = { size = 2 } })
        local heard, ready = {}, 0
        local function listener(channel)
          return function()
            co:listen(channel, function(n)
              heard[#heard + 1] = n.channel .. n.payload
              return n.payload ~= "end"
            end, { timeout = 8000, on_listen = function() ready = ready + 1 end })
          end
        end
        local function teller()
          while ready < 2 do scheduler.sleep(0.01) end
          for i = 1, 3 do
            co:notify("a", tostring(i))
            scheduler.sleep(0.01)
          end
          co:notify("a", "end")
          co:notify("b", "end")
        end
        scheduler.run { listener "a", listener "b", teller }
        table.sort(heard)
        assert.same({ "a1", "a2", "a3", "aend", "bend" }, heard)
      end)
    end
  end)
end

support.each_engine(function(engine)
  it("checks its arguments", function()
    local db = support.open(engine, SCHEMA)
    local function fails(code, method, ...) return support.fails(engine == "sqlite" and "P2026" or code, db[method], db, ...) end
    fails("VALIDATION", "notify", "", "x")
    fails("VALIDATION", "notify", ("x"):rep(64), "x")
    assert.matches(engine == "sqlite" and "PostgreSQL" or [["a\0b"]], fails("VALIDATION", "notify", "a\0b", "x").message, 1, true)
    fails("VALIDATION", "notify", "a", {})
    assert.matches(engine == "sqlite" and "PostgreSQL" or "7999", fails("VALIDATION", "notify", "a", ("x"):rep(8000)).message)
    fails("VALIDATION", "notify", "a", "a\0b")
    fails("VALIDATION", "listen", {}, print)
    fails("VALIDATION", "listen", { 7 }, print)
    fails("VALIDATION", "listen", "a", print, { timeout = "x" })
    fails("VALIDATION", "listen", "a", print, { on_listen = "x" })
    fails("VALIDATION", "notifications", "a", { tmeout = 1 })
    support.fails("VALIDATION", db.listen, db, "a")
    db:transaction(function(tx) support.fails("VALIDATION", tx.listen, tx, "a", print) end)
  end)
end)
