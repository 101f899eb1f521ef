-- Each allocation of Lua in a transaction fails in turn. Run by host, see memory_spec.lua.
--
--   host 1 SECONDS shortage.lua URL blocking|cooperative once|lasting
--
-- Whatever fails, the error is Lua's own, the transaction is rolled back immediately, its connection is free, and the next call works.
local rille = require "rille"
local host = host -- luacheck: ignore

local url, cooperative, lasting = arg[1], arg[2] == "cooperative", arg[3] == "lasting"

local schema = "model Note {\n id Int @id @default(autoincrement())\n text String\n}"
local db = rille.connect { url = url, schema_text = schema, pool = { size = 1, wait = 2000 }, wait = cooperative and "cqueues" or nil }

local function transaction(text)
  db:transaction(function(tx)
    tx.note:create { data = { text = text } }
    tx:transaction(function(inner) inner.note:create { data = { text = text } } end)
    local list = tx.note:find_many { where = { text = text } }
    if #list ~= 2 then error("two notes were to be there", 0) end
  end, { max_wait = 2000, timeout = 20000 })
end

local prefix = ("%s %s "):format(arg[2], arg[3])

local function attempt(n)
  local arm = lasting and host.fail_allocations or host.fail_allocation
  local text = prefix .. n
  arm(n)
  local ok, e = pcall(transaction, text)
  return host.enough_memory() < n, ok, e
end

local function check(n, ok, e)
  if db:metrics().pool.in_use ~= 0 then error(("allocation %d: the connection is still in use (%s)"):format(n, tostring(e)), 0) end
  local notes = db.note:count { where = { text = prefix .. n } }
  if notes ~= (ok and 2 or 0) then error(("allocation %d: %d notes after %s"):format(n, notes, ok and "success" or tostring(e)), 0) end
  if ok then return end
  local short = e == "not enough memory" or rille.is_error(e) and tostring(e):find "memory"
  if not short then error(("allocation %d: %s"):format(n, tostring(e)), 0) end
end

local function sweep()
  transaction(prefix .. "warm")
  collectgarbage "stop"
  local n, failures = 0, 0
  repeat
    n = n + 1
    if n % 50 == 0 then collectgarbage() end
    local done, ok, e = attempt(n)
    check(n, ok, e)
    if not ok then failures = failures + 1 end
  until done
  return n, failures
end

local n, failures
if cooperative then
  local queue = require("cqueues").new()
  queue:wrap(function() n, failures = sweep() end)
  assert(queue:loop())
else
  n, failures = sweep()
end
db:close()
if failures < 10 then error(("%d failures only"):format(failures), 0) end
return ("%d allocations, %d failures"):format(n, failures)
