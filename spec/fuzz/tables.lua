-- A fuzz harness of calls as applications make them: tables that fit the schema, then changed at random. A call returns a result or one of rille's
-- errors. A read returns the same again, also on a new client. A write changes the rows that its `where` counts.
--
--   lua5.4 spec/fuzz/tables.lua SECONDS FOLDER     makes calls for that long; writes failures to FOLDER
--   lua5.4 spec/fuzz/tables.lua FILE               runs the calls of that file again
local rille = require "rille"
local core = require "rille.core"
local codes = require "rille.codes"
local chance = require("fuzz.config").random
local make = require "fuzz.tables_make"
local change = require "fuzz.tables_change"
local show = require "fuzz.tables_show"

local fuzz = {}

local CALLS = 40 -- of a round, which begins with the same rows
local SLOW = 30  -- seconds of one call, sanitizers included

-- Codes that mean that a statement was wrong, not the call, or that a written row cannot be read.
local NEVER = { INTERNAL = true, P2010 = true, P2021 = true, P2022 = true, P2023 = true, P2026 = true, P2027 = true, P2035 = true, P2039 = true }

local READS = { find_unique = true, find_unique_or_throw = true, find_first = true, find_first_or_throw = true, find_many = true, count = true,
  aggregate = true, group_by = true, exists = true }
local BY_CONDITION = { update_many = true, delete_many = true, update_many_and_return = true, delete = true, update = true }

local function rows(db)
  for _, model in ipairs { "post", "profile", "tag", "user" } do db[model]:delete_many { where = rille.all } end
  for i = 1, 4 do
    db.user:create { data = { id = i, email = "user" .. i, name = i < 3 and "a" or "b", age = i, big = i, price = "1.5", ratio = i / 2, active = i == 1,
      at = "2020-01-0" .. i, data = { k = i, list = { 1, 2 } }, bytes = "\0\255", kind = "b",
      posts = { create = { { id = "p" .. i, title = "t" .. i, tags = { create = { id = i, name = "tag" .. i } } }, { id = "q" .. i, title = "t" } } } } }
  end
end

local function open(url, schema)
  return rille.connect { url = url, schema_text = schema, pool = { size = 3, wait = 2000 }, log = function() end }
end

--- A database to run rounds on: a file, since a second client must see what the first has written.
function fuzz.open(path)
  local url = "file:" .. path
  rille.push { url = url, schema_text = make.SCHEMA }
  return { url = url, db = open(url, make.SCHEMA), fresh = 0 }
end

function fuzz.close(home) home.db:close() end

-- Returns nil, or what is wrong with an error.
local function wrong_error(e)
  if e == change.RAISED then return nil end
  if not core.error_metatable or getmetatable(e) ~= core.error_metatable then return "an error that is none of rille's: " .. tostring(e) end
  if not codes[e.code] or NEVER[e.code] then return "an error that a call cannot have: " .. tostring(e) end
  if type(e.message) ~= "string" or e.message == "" or not show.is_utf8(e.message) then return "a message that cannot be shown: " .. tostring(e) end
  if #e.message > 20000 then return "a message of " .. #e.message .. " bytes: " .. e.message:sub(1, 300) end
  return nil
end

local function perform(db, call)
  local model = db[call.model]
  if call.way == "each" then
    local found = {}
    for row in model:each(call.args) do found[#found + 1] = row end
    return found
  elseif call.way == "explain" then
    return tostring(model:explain(call.args)) and nil
  elseif call.way == "validate" then
    return (model:validate(call.args))
  elseif call.way == "batch" then
    return (db:batch(function(b) b[call.model][call.method](b[call.model], call.args) end))
  elseif call.way == "transaction" then
    return db:transaction(function(tx) return tx[call.model][call.method](tx[call.model], call.args) end)
  end
  return model[call.method](model, call.args)
end

local function same_again(home, call, answer)
  local first = show(answer)
  local again = show(perform(home.db, call))
  if again ~= first then return ("the second answer differs:\n%s\n%s"):format(first, again) end
  home.fresh = home.fresh + 1
  local other = open(home.url, make.SCHEMA .. "\n// " .. home.fresh)
  local ok, found = pcall(perform, other, call)
  other:close()
  again = ok and show(found) or tostring(found)
  if again ~= first then return ("the answer of a fresh client differs:\n%s\n%s"):format(first, again) end
  return nil
end

-- The text of the same read is the one that encode writes of its answer.
local function same_as_json(home, call, answer)
  if call.args ~= nil and (type(call.args) ~= "table" or getmetatable(call.args)) then return nil end
  local model, args = home.db[call.model], { as = "json" }
  for key, value in pairs(call.args or {}) do args[key] = args[key] or value end
  local ok, text = pcall(model[call.method], model, args)
  local encoded, expected = pcall(rille.json.encode, answer, { model = model })
  if ok ~= encoded then return ("as JSON: %s\nencode: %s"):format(tostring(text), tostring(expected)) end
  if ok and text ~= expected then return ("as JSON it differs:\n%s\n%s"):format(expected, text) end
  return nil
end

-- Returns the number of rows that a write concerns, as a read counts them; nil if that cannot be determined.
local function counted(home, call)
  local args = call.args
  if not BY_CONDITION[call.method] or call.impure or type(args) ~= "table" or getmetatable(args) then return nil end
  local where = rawget(args, "where")
  if where == rille.all then return home.db[call.model]:count {} end
  local ok, n = pcall(home.db[call.model].count, home.db[call.model], { where = where })
  return ok and n or nil
end

local function check_count(call, answer, before, all)
  local args = call.args
  local n = type(answer) == "table" and (answer.count or #answer)
  if call.method == "delete" or call.method == "update" then n = 1 end
  local data = rawget(args, "data")
  local writes_nothing = show.is_empty(data or 1) or type(data) == "table" and next(data) == nil -- rille.array{} too
  if not before or type(n) ~= "number" or writes_nothing then return nil end
  local limit = rawget(args, "limit")
  if type(limit) == "number" and before > limit then before = limit end
  if n ~= before then return ("%d rows are touched, and count counts %d"):format(n, before) end
  if n == all and all > 1 and show.is_empty(rawget(args, "where")) then return "an empty condition touches every row" end
  return nil
end

-- Runs one call. Returns nil, or what is wrong.
function fuzz.call(home, call)
  local before, all = counted(home, call), home.db[call.model]:count {}
  local started = os.clock()
  local ok, answer = pcall(perform, home.db, call)
  local seconds = os.clock() - started
  if seconds > SLOW then return ("%.1f seconds"):format(seconds) end
  if not ok then
    local wrong = wrong_error(answer)
    if wrong then return wrong end
  elseif not call.way then
    local wrong = check_count(call, answer, before, all)
    if wrong then return wrong end
  end
  local used = home.db:metrics().pool.in_use
  if used ~= 0 then
    collectgarbage()
    return used .. " connections are not given back"
  end
  if ok and READS[call.method] and not call.impure and (not call.way or call.way == "each") then
    return same_again(home, call, answer) or (not call.way and same_as_json(home, call, answer) or nil)
  end
  return nil
end

-- Checks that all rows can be read, whatever was written.
local function read_all(db)
  for _, model in ipairs { "post", "profile", "tag", "user" } do
    local ok, e = pcall(db[model].find_many, db[model], {})
    if not ok then return ("the rows of %s cannot be read: %s"):format(model, tostring(e)) end
  end
  return nil
end

local function call_of(random)
  local call = make.call(random)
  for _ = 1, random(0, 3) == 0 and 0 or random(1, 2) do change(random, call) end
  return call
end

--- The calls that a seed makes. Nil, or what is wrong and the call.
function fuzz.round(home, seed)
  local random = chance(seed)
  rows(home.db)
  for n = 1, CALLS do
    local call = call_of(random)
    local text = show.call(call)
    home.at = text
    local ok, wrong = pcall(fuzz.call, home, call)
    if not ok then wrong = "the harness itself: " .. tostring(wrong) end
    wrong = wrong or read_all(home.db)
    if wrong then return ("call %d of seed %d: %s"):format(n, seed, wrong), text end
  end
  return nil
end

local function resident()
  local file = io.open "/proc/self/statm"
  if not file then return 0 end
  local pages = file:read "*a":match "^%d+ (%d+)"
  file:close()
  return pages * 4096 / 1048576
end

local function keep(folder, seed, text)
  local path = ("%s/tables-%d"):format(folder, os.time())
  local file = assert(io.open(path, "wb"))
  file:write(seed, "\n", text, "\n")
  file:close()
  print("Test unit written to " .. path)
end

local GROWTH = 256 -- megabytes that a process may come to after its first rounds

local function main(seconds, folder)
  local path = os.tmpname()
  local home = fuzz.open(path .. ".db")
  local seed, last = os.time() % 2147483000, math.huge
  if not tonumber(seconds) then
    local file = assert(io.open(seconds, "rb"))
    seed = file:read "*n"
    file:close()
    last = seed
  end
  local ends, runs, base, wrong, text = os.time() + (tonumber(seconds) or 600), 0, nil, nil, nil
  while not wrong and seed <= last and os.time() < ends do
        -- A sanitizer may end the process. The last line then says which calls it was.
    if folder then
      local file = assert(io.open(folder .. "/tables-at-work", "wb"))
      file:write(seed, "\n")
      file:close()
    end
    wrong, text = fuzz.round(home, seed)
    runs = runs + CALLS
    if runs == 100 * CALLS then base = resident() end
    if base and runs % (50 * CALLS) == 0 and resident() - base > GROWTH then
      wrong, text = ("the process has grown from %d to %d MB"):format(base, resident()), ""
    end
    if not wrong then seed = seed + 1 end
  end
  fuzz.close(home)
  os.remove(path)
  for _, ending in ipairs { ".db", ".db-wal", ".db-shm" } do os.remove(path .. ending) end
  if wrong then
    print(wrong)
    print(text)
    if folder then keep(folder, seed, text) end
    os.exit(1)
  end
  if folder then os.remove(folder .. "/tables-at-work") end
  print(("Done %d runs"):format(runs))
end

if arg and arg[0] and arg[0]:find "fuzz/tables%.lua$" then main(arg[1], arg[2]) end

return fuzz
