-- Generated schemas, rows and calls: the tables in the SQL of a call are those that it is said to touch, and after it no other table has changed, and no
-- more rows and keys of these than it is said to.
--
--   RILLE_QUERIES=10000  how many calls (500 when it is not given)
--   RILLE_SEED=n         only the case of this seed
local run = require "differential.run"
local engine = require "differential.engine"
local generator = require "differential.schema"
local make_read = require "differential.make_read"
local make_write = require "differential.make_write"
local show = require "differential.show"
local rille = require "rille"
local support = require "support"

local queries = tonumber(os.getenv "RILLE_QUERIES") or 500
local seed = tonumber(os.getenv "RILLE_SEED")
local FIRST_SEED = 20261205
local CALLS = 30
local READS = { FROM = true, JOIN = true, USING = true }
local WRITES = { INTO = true, UPDATE = true, ["DELETE FROM"] = true }

-- The words, quoted names and signs of a text, one after the other: { kind, text } each. Strings are left out.
local function tokens(text)
  local list, at = {}, 1
  while at <= #text do
    local from = at
    local kind
    local c = text:sub(at, at)
    if c == '"' or c == "'" then
      repeat at = text:find(c, at + 1, true) + 1 until text:sub(at, at) ~= c
      kind = c == '"' and "name" or nil
    elseif c:match "[%w_]" then
      at, kind = text:match("^[%w_]+()", at), "word"
    else
      at, kind = at + 1, c:match "%S" and "sign" or nil
    end
    if kind then list[#list + 1] = { kind, kind == "name" and text:sub(from + 1, at - 2):gsub('""', '"') or text:sub(from, at - 1) } end
  end
  return list
end

-- The tables of a line such as `writes User[1]+ Post*`, each with { rows = how many known ones, any = true, new = true }.
local function tables_of(lines, word)
  local found, last = {}, nil
  for _, line in ipairs(lines) do
    for _, token in ipairs(tokens((line:match("%f[%a]" .. word .. " (.*)") or ""):gsub(" by a view$", ""))) do
      local kind, text = token[1], token[2]
      if kind == "sign" then
        last.any, last.new = last.any or text == "*", last.new or text == "+" or text == "*"
        last.counts = text == "["
      elseif last and last.counts then
        last.rows, last.counts = tonumber(text), false
      else
        last = { rows = 0 }
        found[text] = last
      end
    end
  end
  return found
end

-- Calls `see(word, table)` for each table that a statement names. Names with @ are of parts of the statement itself.
local function each_table(sql, see)
  local list = tokens(sql)
  for i, token in ipairs(list) do
    local name, n = nil, i + 1
    while token[1] == "word" and list[n] and list[n][1] == "name" do
      name = list[n][2]
      n = n + (list[n + 1] and list[n + 1][2] == "." and 2 or #list)
    end
    if name and name:sub(1, 1) ~= "@" then see(i > 1 and list[i - 1][2] == "DELETE" and "DELETE FROM" or token[2], name) end
  end
end

local function check_sql(place, told)
  local reads, writes = tables_of(told.touches, "reads"), tables_of(told.touches, "writes")
  local count = 0
  for _, statement in ipairs(told.statements) do
    each_table(statement.sql, function(word, name)
      if READS[word] then assert.is_truthy(reads[name] or writes[name], place .. "\nis read: " .. name .. " by " .. statement.sql) end
      if WRITES[word] then assert.is_truthy(writes[name], place .. "\nis written: " .. name .. " by " .. statement.sql) end
      count = count + ((READS[word] or WRITES[word]) and 1 or 0)
    end)
  end
  assert.is_true(count >= #told.statements, place)
  return writes
end

local function key_text(row, fields)
  local parts = {}
  for i, name in ipairs(fields) do
    if row[name] == nil then return nil end
    parts[i] = tostring(row[name])
  end
  return table.concat(parts, "\0")
end

-- Moves the related rows of a row to the join tables.
local function take_links(model, row, out)
  for _, field in ipairs(generator.relations(model)) do
    local relation, others = field.relation, row[field.name]
    row[field.name] = nil
    for _, other in ipairs(relation.kind == "mn" and relation.parent == model and others or {}) do
      local links = out["_" .. relation.name] or { rows = {}, keys = {} }
      out["_" .. relation.name] = links
      links.rows[tostring(row.id) .. "\0" .. tostring(other.id)] = ""
    end
  end
end

-- What is in each table, by its name in the database: the text of each row by its primary key, and all unique keys.
local function contents(on, schema)
  local out = {}
  for _, call in ipairs(engine.whole_tables(schema)) do
    local model = schema.by_name[call.model]
    local ok, list = on:call(call)
    assert(ok, list)
    local now = { rows = {}, keys = {} }
    out[model.map or model.name] = now
    for _, row in ipairs(list) do
      take_links(model, row, out)
      now.rows[key_text(row, model.id)] = rille.json.encode({ row }, { model = on.db[call.model] })
      for k, key in ipairs(generator.keys(model)) do
        local text = key_text(row, key.fields)
        if text then now.keys[k .. "\0" .. text] = true end
      end
    end
  end
  return out
end

local function count_lost(before, after)
  local lost = 0
  for key, text in pairs(before) do
    if after[key] ~= text then lost = lost + 1 end
  end
  return lost
end

local nothing = { rows = {}, keys = {} }

local function check_table(place, name, before, after, touched)
  local lost, new = count_lost(before.rows, after.rows), count_lost(after.rows, before.rows)
  if lost + new == 0 then return end
  assert.is_truthy(touched, place .. "\nhas changed, but is not known to be written: " .. name)
  if touched.any or name:match "^_R" then return end
  assert.is_true(lost <= touched.rows, ("%s\nmore rows have changed than are known: %d of %s"):format(place, lost, name))
  if not touched.new then assert.equal(0, count_lost(after.keys, before.keys), place .. "\nhas new keys: " .. name) end
end

local function check_change(place, before, after, writes)
  for name, now in pairs(after) do check_table(place, name, before[name] or nothing, now, writes[name]) end
  for name, was in pairs(before) do
    if not after[name] then check_table(place, name, was, nothing, writes[name]) end
  end
end

-- One call. Returns 1, or 0 if the engine cannot do it.
local function check(case, on, call, is_write)
  local place = ("RILLE_SEED=%d, on %s: %s"):format(case.seed, on.name, show.call(call))
  local args = show.argument(rille, call.args)
  args.action = call.method == "each" and "find_many" or call.method
  args.batch = nil
  local ok, told = pcall(function() return on.db[call.model]:explain(args) end)
  if not ok then return 0 end
  local writes = check_sql(place .. "\n" .. table.concat(told.touches, "\n"), told)
  if not is_write then
    assert.is_nil(next(writes), place)
    return 1
  end
  local before = contents(on, case.schema)
  on:call(call)
  check_change(place, before, contents(on, case.schema), writes)
  return 1
end

describe("random calls", function()
  teardown(support.cleanup)

  it("touch the tables that they are said to touch", function()
    local answered, at = 0, seed or FIRST_SEED
    while answered < queries do
      local case = run.open(at)
      for _, on in ipairs(case.engines) do
        for n = 1, CALLS do
          local is_write = n % 2 == 0
          local call = (is_write and make_write or make_read).call { r = case.random, schema = case.schema, data = case.data, insensitive = true }
          answered = answered + check(case, on, call, is_write)
        end
        on:close()
      end
      at = at + 1
      if seed then break end
    end
    print(("%d calls on %s, seeds %d to %d"):format(answered, table.concat(support.engines, " and "), seed or FIRST_SEED, at - 1))
  end)
end)
