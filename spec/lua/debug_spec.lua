-- RILLE_DEBUG: what a process with this variable writes to stderr.
local support = require "support"

local SCHEMA = "model Note {\n  id Int @id\n  text String\n  at DateTime?\n}"

local PROGRAM = [[
local rille = require "rille"
local url, schema = arg[1], %q
rille.push { url = url, schema_text = schema }
local db = rille.connect { url = url, schema_text = schema, pool = { size = 1 } }
%s
db:close()
]]

-- Runs a program with the variable; what it says on stderr, line by line.
local function traced(engine, words, code)
  local url, folder = support.database(engine), support.folder()
  local path = support.write(folder .. "/main.lua", PROGRAM:format(SCHEMA, code))
  local pipe = assert(io.popen(("RILLE_DEBUG='%s' lua5.4 '%s' '%s' 2>&1 >/dev/null; echo status $?"):format(words, path, url)))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  assert.equal("status 0", table.remove(lines), table.concat(lines, "\n"))
  return lines, table.concat(lines, "\n")
end

local CODE = [[
db.note:create { data = { id = 1, text = "s3cret" } }
db:transaction(function(tx) tx.note:find_many { where = { text = "s3cret", at = nil } } end)
db:query_raw("SELECT ? AS a", "s3cret")
]]

support.each_engine(function(engine)
  describe("RILLE_DEBUG", function()
    it("is silent when it is unset or empty", function() assert.same({}, (traced(engine, "", CODE))) end)

    it("shows statements, and of their parameters only the kinds", function()
      local lines, all = traced(engine, "sql", CODE)
      for _, line in ipairs(lines) do assert.matches("^rille sql: ", line) end
      assert.truthy(all:find('INSERT INTO .-"Note".- %[integer, text, null%]') or all:find('INSERT INTO .-"Note".- %[integer, text%]'), all)
      assert.truthy(all:find 'SELECT .-FROM .-"Note".- %[text%]', all)
      assert.truthy(all:find "rille sql: 0x%x+ BEGIN", all)
      assert.truthy(all:find "rille sql: 0x%x+ COMMIT", all)
      assert.is_nil(all:find "s3cret", all)
    end)

    it("shows the plan of a query once, when it is compiled", function()
      local lines = traced(engine, "plan", 'for i = 1, 3 do db.note:find_many { where = { text = "s3cret" } } end')
      assert.equal("rille plan: Note, 1 steps", lines[1])
      assert.matches("^rille plan: 0: select Note %[id text at%] where text=", lines[2])
      assert.equal("rille plan: reads Note", lines[3])
      assert.equal(3, #lines)
    end)

    it("shows connections", function()
      local _, all = traced(engine, "pool", CODE)
      local opened = all:match "rille pool: open (0x%x+)"
      assert.truthy(opened, all)
      assert.truthy(all:find("rille pool: take " .. opened, 1, true), all)
      assert.truthy(all:find("rille pool: release " .. opened, 1, true), all)
      assert.truthy(all:find("rille pool: close " .. opened, 1, true), all)
      local _, queued = traced(engine, "pool", [[
        local ok = pcall(db.transaction, db, function() db:with { timeout = 50 }.note:count() end)
        assert(not ok or rille)
      ]])
      if engine == "postgresql" then assert.truthy(queued:find "rille pool: queue: 1 of 1 open, ", queued) end
    end)

    it("shows the phases of operations", function()
      local lines = traced(engine, "phases", "db.note:count()")
      local words = {}
      for i, line in ipairs(lines) do words[i] = line:match "^rille phases: 0x%x+ (.+)$" end
      assert.equal("acquire send read end", table.concat(words, " "):match "acquire send read.*$":gsub(" send end$", " end"):gsub("(read) send", "%1"))
    end)

    it("names a word that it does not know, once", function()
      local lines = traced(engine, "sq1,sql", CODE)
      assert.equal('rille: RILLE_DEBUG: unknown word "sq1"; there are sql, plan, pool, phases, wait, all', lines[1])
      for i = 2, #lines do assert.is_nil(lines[i]:find "unknown", lines[i]) end
      assert.is_true(#lines > 3)
    end)

    it("shows where coroutines wait", function()
      local _, all = traced(engine, "wait", [[
        local cqueues = require "cqueues"
        local other = rille.connect { url = url, schema_text = schema, pool = { size = 1 }, wait = "cqueues" }
        local cq = cqueues.new()
        for _ = 1, 3 do cq:wrap(function() other:transaction(function(tx) tx.note:count() cqueues.sleep(0.01) tx.note:count() end) end) end
        assert(cq:loop())
        other:close()
      ]])
      assert.truthy(all:find "rille wait: thread: 0x%x+ mode=%a+ fd=%d+ seconds=", all)
    end)
  end)
end)
