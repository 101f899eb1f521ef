-- Transactions, settings, locks and notifications behind a real pooler in transaction mode, with one server connection for all.
local support = require "support"

local SCHEMA = "model Note {\n id Int @id\n text String @default(\"\")\n}"

local function command(text)
  local pipe = assert(io.popen(text))
  local output = pipe:read "a"
  assert(pipe:close(), text)
  return (output:gsub("%s+$", ""))
end

if support.server then
  describe("behind pgbouncer", function()
    local folder, pooler, db, direct

    setup(function()
      folder = os.tmpname()
      os.remove(folder)
      local start = "POOLER_SETTINGS='default_pool_size=1' spec/support/pgbouncer.sh start '%s' '%s'"
      pooler = command(start:format(folder, support.server))
    end)
    teardown(function() command(("spec/support/pgbouncer.sh stop '%s'"):format(folder)) end)
    before_each(function()
      local url
      direct, url = support.open("postgresql", SCHEMA)
      db = support.connect(pooler:gsub("/postgres$", "/" .. support.database_name(url)) .. "?pgbouncer=true", SCHEMA)
    end)
    after_each(support.cleanup)

    local function setting(target, name) return target:query_raw("SELECT current_setting($1, true) AS v", name)[1].v or "" end

    it("settings hold in each call and end with it", function()
      local seven = db:with { session = { ["app.tenant"] = "7" } }
      for _ = 1, 3 do
        assert.equal("7", setting(seven, "app.tenant"))
        assert.equal("", setting(db, "app.tenant"))
      end
      seven.note:create { data = { id = 1, text = "a" } }
      assert.equal("7", seven:transaction(function(tx) return setting(tx, "app.tenant") end))
      pcall(seven.transaction, seven, function() error "x" end)
      support.fails("P1008", function() seven:with { timeout = 100 }:query_raw "SELECT pg_sleep(10)" end)
      assert.equal("", setting(db, "app.tenant"))
      assert.equal(1, db.note:count())
    end)

    it("a transaction's time limits do not stay on the server's connection", function()
      local before = setting(db, "idle_in_transaction_session_timeout")
      assert.equal("550ms", db:transaction(function(tx) return setting(tx, "idle_in_transaction_session_timeout") end, { timeout = 300 }))
      assert.equal(before, setting(db, "idle_in_transaction_session_timeout"))
      assert.equal(before, setting(db, "statement_timeout"))
    end)

    it("an advisory lock belongs to a transaction, and ends with it", function()
      assert.equal("in", db:advisory_lock("job", function()
        support.fails("P1002", direct.advisory_lock, direct, "job", print, { wait = 0 })
        return "in"
      end))
      assert.equal("free", direct:advisory_lock("job", function() return "free" end, { wait = 0 }))
    end)

    it("can send notifications, but not listen", function()
      support.fails("P2026", db.listen, db, "a", print)
      local heard
      direct:listen("a", function(n)
        heard = n.payload
        return false
      end, { timeout = 5000, on_listen = function() db:notify("a", "through the pooler") end })
      assert.equal("through the pooler", heard)
    end)
  end)
end

