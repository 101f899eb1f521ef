-- Random pairs of schemas: a push from A to B gives exactly B, and keeps the rows of what stays, value by value. RILLE_RANDOM_PAIRS=200 runs
-- more pairs, RILLE_RANDOM_SEED sets the first. Every other pair is gentle: B accepts all rows of A.
local rille = require "rille"
local support = require "support"

local SCALARS = { "String", "Int", "BigInt", "Float", "Decimal", "Boolean", "DateTime", "Json", "Bytes" }
local DEFAULTS = {
  String = { '"it\'s"', '"x y"', "uuid()" }, Int = { "7", "-3" }, BigInt = { "9007199254740993" }, Float = { "1.5", "-0.25" },
  Decimal = { "1.50", "12" }, Boolean = { "true", "false" }, DateTime = { "now()", '"2020-01-02T03:04:05Z"' }, Json = { [["{\"a\":1}"]] },
}
local NATIVE = {
  String = { "VarChar(20)", "Char(3)", "Uuid", "Text" }, Int = { "SmallInt", "Oid" }, Decimal = { "Decimal(10, 2)", "Money" },
  DateTime = { "Timestamptz(3)", "Date", "Time(3)" }, Float = { "Real" }, Json = { "Json" },
}
local VALUES = { "RED", "GREEN", "BLUE", "BLACK" }

-- Its own random generator, to repeat a failure.
local function source(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n + 1
  end
end

local function random_field(pick, engine, name)
  local type = SCALARS[pick(#SCALARS)]
  local enum = pick(6) == 1
  local list = engine == "postgresql" and pick(8) == 1
  if enum then type = "Color" end
  local text = ("  %s %s%s"):format(name, type, list and "[]" or pick(2) == 1 and "?" or "")
  local native = not enum and NATIVE[type]
  if native and engine == "postgresql" and pick(3) == 1 then return text .. " @db." .. native[pick(#native)] end
  local defaults = enum and { "RED" } or DEFAULTS[type]
  if defaults and not list and pick(2) == 1 then text = text .. " @default(" .. defaults[pick(#defaults)] .. ")" end
  if pick(5) == 1 then text = text .. (' @map("%s_column")'):format(name) end
  return text
end

local KEYS = { "  id Int @id @default(autoincrement())", "  id Int @id", "  id String @id", "  id BigInt @id @default(autoincrement())" }

-- In a gentle pair a field stays the same, or is dropped.
local function gentle(pick, line, name, before)
  local was = before:match("\n(  " .. name .. " [^\n]*)")
  if was and pick(3) > 1 then return was end
  return (line:gsub("^(  %w+ %w+) ?", function(start) return start .. "? " end, line:find "%[%]" and 0 or line:find "%w%?" and 0 or 1))
end

-- Models A to D with fields f1 to f6; the rows of Kept are what must stay. `before` is the schema that a gentle pair begins with.
local function schema(pick, engine, before)
  local out, there = { ('datasource db {\n  provider = "%s"\n}\n'):format(engine), "model Kept {\n  id Int @id\n  note String\n" }, {}
  for i = 1, 3 do
    if pick(2) == 1 then out[#out + 1] = ("  k%d %s?\n"):format(i, SCALARS[pick(#SCALARS)]) end
  end
  local relation = {}
  for _, name in ipairs { "A", "B", "C", "D" } do
    if pick(4) > 1 then there[#there + 1] = name end
  end
  out[#out + 1] = "}\n"
  for i, name in ipairs(there) do
    local target = there[pick(#there)]
    relation[name] = pick(2) == 1 and target ~= name and i > 1 and target or nil
  end
  local keys = {}
  for _, name in ipairs(there) do
    keys[name] = pick(#KEYS)
    for i, key in ipairs(KEYS) do
      if before and before:find("model " .. name .. " {\n" .. key .. "\n", 1, true) then keys[name] = i end
    end
  end
  for _, name in ipairs(there) do
    local lines = { "model " .. name .. " {", KEYS[keys[name]] }
    local fields = {}
    for i = 1, 6 do
      if pick(2) == 1 then
        local line = random_field(pick, engine, "f" .. i)
        if before then line = gentle(pick, line, "f" .. i, before:match("model " .. name .. " {(.-)\n}") or "") end
        lines[#lines + 1] = line
        if not line:find("%[%]") and not line:find "Json" then fields[#fields + 1] = "f" .. i end
      end
    end
    local target = relation[name]
    if target then
      local type = ({ "Int", "Int", "String", "BigInt" })[keys[target]]
      lines[#lines + 1] = ("  refId %s?\n  ref %s? @relation(\"%s_ref\", fields: [refId], references: [id]%s)"):format(type, target, name,
        pick(2) == 1 and ", onDelete: Cascade" or "")
    end
    for other, to in pairs(relation) do
      if to == name then lines[#lines + 1] = ('  of%s %s[] @relation("%s_ref")'):format(other, other, other) end
    end
    if fields[1] and pick(2) == 1 then lines[#lines + 1] = ("  @@index([%s])"):format(table.concat(fields, ", ")) end
    if fields[2] and pick(2) == 1 then
      lines[#lines + 1] = ('  @@unique([%s, %s]%s)'):format(fields[1], fields[2], pick(2) == 1 and ', map: "own_' .. name .. '"' or "")
    end
    if pick(3) == 1 then lines[#lines + 1] = ('  @@map("%s_table")'):format(name) end
    lines[#lines + 1] = "}\n"
    out[#out + 1] = table.concat(lines, "\n")
  end
  local values = { "RED" }
  for i = 2, 4 do
    if pick(2) == 1 then values[#values + 1] = VALUES[i] end
  end
  out[#out + 1] = "enum Color {\n  " .. table.concat(values, "\n  ") .. "\n}\n"
  return table.concat(out, "")
end

-- Renames some of what both have in B, with a doc comment that names the old name. Each value of a row that stays is known.
local function rename(pick, text)
  if pick(2) == 1 then
    text = text:gsub("\n  BLACK\n", "\n  /// @renamed-from BLACK\n  DARK\n")
  end
  if pick(2) == 1 then text = text:gsub("\n  note String\n", "\n  /// @renamed-from note\n  words String\n", 1) end
  if pick(3) == 1 then text = text:gsub("model Kept {", "/// @renamed-from Kept\nmodel Still {", 1) end
  return text
end

local PAIRS = tonumber(os.getenv "RILLE_RANDOM_PAIRS" or "") or 25
local FIRST = tonumber(os.getenv "RILLE_RANDOM_SEED" or "") or 1

-- Values by type, for the first and the second row.
local NAMED = {
  ["db.Uuid"] = { "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002" }, ["db.Money"] = { "1.50", "-2.25" },
  ["db.Char(3)"] = { "abc", "xyz" }, ["db.Oid"] = { 5, 6 }, ["db.Date"] = { "2020-02-29T00:00:00.000Z", "1999-12-31T00:00:00.000Z" },
  ["db.Time(3)"] = { "1970-01-01T01:02:03.004Z", "1970-01-01T23:59:59.999Z" },
}
local PLAIN = {
  String = { "it's one", "\n two; é" }, Int = { 1, -2 }, BigInt = { 9007199254740993, -1 }, Float = { 0.5, -2.25 }, Decimal = { "1.5", "-12.25" },
  Boolean = { true, false }, DateTime = { "2020-01-02T03:04:05.678Z", "1999-12-31T23:59:59.999Z" }, Json = { { a = 1 }, { b = "x" } },
  Bytes = { "\0\1\255", "b" },
}

local function values_of(text)
  local values = {}
  for value in text:match("enum Color {(.-)}"):gmatch "\n  (%u+)" do values[#values + 1] = value end
  return values
end

-- The enum values of A that B has too, each with its name in B.
local function lasting(a, b)
  local names, list = {}, {}
  for _, value in ipairs(values_of(b)) do names[value] = value end
  if b:find("@renamed-from BLACK", 1, true) then names.BLACK = "DARK" end
  for _, value in ipairs(values_of(a)) do
    if names[value] then list[#list + 1] = value end
  end
  return list, names
end

-- The fields of a model: name, full type, column, and whether it is a list, an enum or autoincrement.
local function fields_of(text, model)
  local body, fields = text:match("model " .. model .. " {(.-)\n}"), {}
  for line in (body or ""):gmatch "[^\n]+" do
    local name, type, list = line:match "^  (f%d) (%w+)(%[?%]?)"
    if not name then name, type, list = line:match "^  (id) (%w+)(%[?%]?)" end
    if name then
      local native = line:match "@(db%.%w+%b())" or line:match "@(db%.%w+)"
      fields[name] = { type = type, list = list ~= "", native = native, whole = type .. list .. (native or ""), column = line:match '@map%("(.-)"%)' or name }
    end
  end
  return body and fields, body and (body:match '@@map%("([^"]+)"%)' or model)
end

local function value_of(field, i, colors)
  local all = NAMED[field.native] or PLAIN[field.type] or colors
  local value = all[(i - 1) % #all + 1]
  if field.type == "Decimal" then value = rille.decimal(value) end
  return field.list and rille.array { value } or value
end

-- Creates two rows of every model of A, with a value in every field. Returns what the client then reads, by model.
local function fill(db, a, colors)
  local rows = {}
  for _, model in ipairs { "A", "B", "C", "D" } do
    local fields = fields_of(a, model)
    for i = 1, fields and 2 or 0 do
      local data = {}
      for name, field in pairs(fields) do
        if name ~= "id" then data[name] = value_of(field, i, colors) else data.id = field.type == "String" and tostring(i) or i end
      end
      local ok, e = pcall(db[model].create, db[model], { data = data })
      if not ok and not (i == 2 and e.code == "P2002") then error(e, 0) end -- a key of one colour alone
    end
    if fields then rows[model] = db[model]:find_many { order_by = { id = "asc" } } end
  end
  return rows
end

local function plain(value)
  if type(value) == "table" and not getmetatable(value) then
    local copy = {}
    for k, v in pairs(value) do copy[k] = plain(v) end
    return copy
  end
  local kind = getmetatable(value)
  return kind and type(value) == "userdata" and tostring(value) or value
end

-- The fields that both have unchanged. Others may not even be readable after a change of type.
local function same_fields(was, now)
  local select, any = { id = true }, was.id.whole == now.id.whole
  for name, field in pairs(now) do
    if was[name] and was[name].whole == field.whole and was[name].column == field.column then select[name] = true end
  end
  return any and select or {}
end

-- Compares the values of what stays, row by row. Returns how many were compared.
local function compare(again, a, b, rows, names, told)
  local compared = 0
  for model, before in pairs(rows) do
    local was, table_a = fields_of(a, model)
    local now, table_b = fields_of(b, model)
    if now and table_a == table_b then
      assert(again[model]:count() == #before, model .. " lost rows: " .. told)
      local select = same_fields(was, now)
      for i, row in ipairs(select.id and again[model]:find_many { select = select, order_by = { id = "asc" } } or {}) do
        for name in pairs(select) do
          local want = plain(before[i][name])
          if now[name].type == "Color" then want = now[name].list and { names[want[1]] } or names[want] end
          assert.same(want, plain(row[name]), ("%s.%s of row %d: %s"):format(model, name, i, told))
          compared = compared + 1
        end
      end
    end
  end
  return compared
end

-- Errors of a push for rows that B does not accept: counted before, or found by the database (a value that does not fit the new type).
local FORBIDDEN = { P3001 = true, P2000 = true, P2002 = true, P2007 = true, P2020 = true }

local KEPT = { { id = 1, note = "one" }, { id = 2, note = "two" } }

support.each_engine(function(engine)
  describe("random pairs of schemas", function()
    local url

    -- Creates A and its rows. Returns what was read of them.
    local function start(a, b, filled)
      rille.push { schema_text = a, url = url, reset = true }
      local db = rille.connect { schema_text = a, url = url }
      for _, row in ipairs(KEPT) do db:execute_raw([[INSERT INTO "Kept" (id, note) VALUES ($1, $2)]], row.id, row.note) end
      local rows = filled and fill(db, a, (lasting(a, b))) or {}
      db:close()
      return rows
    end

    local function check(a, b, rows, told)
      local rest = rille.migrate.diff { from = { url = url }, to = { schema_text = b }, script = true }
      assert(rest == "", told .. "\n" .. rest)
      local again = rille.connect { schema_text = b, url = url }
      local kept, note = b:find("model Still", 1, true) and "Still" or "Kept", b:find("words String", 1, true) and "words" or "note"
      assert.same(KEPT, again:query_raw(('SELECT id, "%s" AS note FROM "%s" ORDER BY id'):format(note, kept)))
      local _, names = lasting(a, b)
      local compared = compare(again, a, b, rows, names, told)
      again:close()
      return compared
    end

    it("are pushed exactly from one to the other", function()
      url = support.database(engine)
      local compared = 0
      for seed = FIRST, FIRST + PAIRS - 1 do
        local pick = source(seed)
        local a = schema(pick, engine)
        local b = rename(pick, schema(pick, engine, seed % 2 == 0 and a or nil))
        local told = ("seed %d\n%s\n=====\n%s"):format(seed, a, b)
        local function push() return pcall(rille.push, { schema_text = b, url = url, accept_data_loss = true }) end
        local rows = start(a, b, true)
        local ok, e = push()
        if not ok and FORBIDDEN[e.code] then -- the rows forbid it: nothing is done, and without them it goes
          local rest = rille.migrate.diff { from = { url = url }, to = { schema_text = a }, script = true }
          assert(rest == "", told .. "\n" .. rest)
          rows = start(a, b, false)
          ok, e = push()
        end
        assert(ok, told .. "\n" .. tostring(e))
        compared = compared + check(a, b, rows, told)
      end
      assert.is_true(compared >= PAIRS, compared .. " values compared")
    end)

    it("are reached by a migration, and left by its down.sql", function()
      url = support.database(engine)
      local shadow = engine == "postgresql" and support.database(engine) or nil
      for seed = FIRST * 2, FIRST * 2 + PAIRS // 3, 2 do -- gentle ones
        local pick = source(seed)
        local a = schema(pick, engine)
        local b = rename(pick, schema(pick, engine, a))
        local told = ("seed %d\n%s\n=====\n%s"):format(seed, a, b)
        local place = { url = url, schema_text = a, migrations = support.folder() .. "/migrations" }
        local function dev(text, name)
          return rille.migrate.dev { url = url, shadow_url = shadow, schema_text = text, migrations = place.migrations, name = name, accept_data_loss = true }
        end
        rille.migrate.reset(place)
        dev(a, "a")
        local db = rille.connect { schema_text = a, url = url }
        for _, row in ipairs(KEPT) do db.kept:create { data = row } end
        db:close()
        local ok, e = pcall(dev, b, "b")
        assert(ok, told .. "\n" .. tostring(e))
        if e.created then rille.migrate.down(place) end
        local rest = rille.migrate.diff { from = { url = url }, to = { schema_text = a }, script = true }
        assert(rest == "", told .. "\n" .. rest)
        db = rille.connect { schema_text = a, url = url }
        assert.same(KEPT, db.kept:find_many { select = { id = true, note = true }, order_by = { id = "asc" } }, told)
        db:close()
      end
    end)
  end)
end)
