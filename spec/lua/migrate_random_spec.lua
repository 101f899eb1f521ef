-- Random pairs of schemas: a push from A to B gives exactly B, and keeps the rows of what stays. RILLE_RANDOM_PAIRS=200 makes it more
-- pairs, RILLE_RANDOM_SEED the first of them.
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

-- A generator of its own, so that a failure can be repeated.
local function source(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n + 1
  end
end

local function field(pick, engine, name)
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

-- Models A to D with fields f1 to f6; the rows of Kept are what must stay.
local function schema(pick, engine)
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
  for _, name in ipairs(there) do keys[name] = pick(#KEYS) end
  for _, name in ipairs(there) do
    local lines = { "model " .. name .. " {", KEYS[keys[name]] }
    local fields = {}
    for i = 1, 6 do
      if pick(2) == 1 then
        local line = field(pick, engine, "f" .. i)
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

-- Renames: some of what both have gets another name in B, and says what it was called; each value of a row that stays is known.
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

-- Rows of every model that both schemas have in the database under one name: how many there must be afterwards.
local function fill(db, a, b)
  local there = {}
  for name, body in a:gmatch "model (%u) {(.-)\n}" do
    local table_a = body:match '@@map%("([^"]+)"%)' or name
    local other = b:match("model " .. name .. " {(.-)\n}")
    local table_b = other and (other:match '@@map%("([^"]+)"%)' or name)
    if table_a == table_b and other then
      local key = body:match "  id (%a+)"
      local ok = pcall(db.execute_raw, db, ('INSERT INTO "%s" (id) VALUES (%s)'):format(table_a, key == "String" and "'1'" or "1"))
      if ok then there[#there + 1] = table_a end
    end
  end
  return there
end

support.each_engine(function(engine)
  describe("random pairs of schemas", function()
    it("are brought from one form exactly into the other", function()
      local url = support.database(engine)
      for seed = FIRST, FIRST + PAIRS - 1 do
        local pick = source(seed)
        local a, b = schema(pick, engine), rename(pick, schema(pick, engine))
        local told = ("seed %d\n%s\n=====\n%s"):format(seed, a, b)
        rille.push { schema_text = a, url = url, reset = true }
        local db = rille.connect { schema_text = [[model Kept {
          id Int @id
          note String
        }]], url = url }
        db:execute_raw [[INSERT INTO "Kept" (id, note) VALUES (1, 'one'), (2, 'two')]]
        local filled = fill(db, a, b)
        db:close()
        local ok, e = pcall(rille.push, { schema_text = b, url = url, accept_data_loss = true })
        if not ok and e.code == "P3001" then
          local required = tostring(e):find("not possible to execute", 1, true) or tostring(e):find("cannot be done", 1, true)
          assert(required, told .. "\n" .. tostring(e))
        else
          assert(ok, told .. "\n" .. tostring(e))
          local rest = rille.migrate.diff { from = { url = url }, to = { schema_text = b }, script = true }
          assert(rest == "", told .. "\n" .. rest)
          local again = rille.connect { schema_text = b, url = url }
          local kept, note = b:find("model Still", 1, true) and "Still" or "Kept", b:find("words String", 1, true) and "words" or "note"
          local rows = again:query_raw(('SELECT id, "%s" AS note FROM "%s" ORDER BY id'):format(note, kept))
          for _, name in ipairs(filled) do
            assert(again:query_raw(('SELECT CAST(count(*) AS INTEGER) AS n FROM "%s"'):format(name))[1].n == 1, name .. " lost its row: " .. told)
          end
          again:close()
          assert.same({ { id = 1, note = "one" }, { id = 2, note = "two" } }, rows)
        end
      end
    end)
  end)
end)
