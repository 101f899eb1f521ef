-- Databases as people write them by hand: a pull gives a valid schema that equals the database, and a pull with that schema gives it again.
-- RILLE_RANDOM_DATABASES=500 runs more of them, RILLE_RANDOM_SEED sets the first.
local rille = require "rille"
local support = require "support"

local COUNT = tonumber(os.getenv "RILLE_RANDOM_DATABASES" or "") or 8
local FIRST = tonumber(os.getenv "RILLE_RANDOM_SEED" or "") or 1

local TABLES = { "users", "user posts", "user_posts", "2fa", "_hidden", "hidden", "String", "class", "delete", "größe", "a.b", "a_b", "User", "order-items",
  "Int", "3", "__", "model", "Total", "Renamed_3", "select" }
local COLUMNS = { "a b", "a_b", "1st", "_x", "x", "class", "name", "ñ", "quo\"te", "String", "model", "null", "true", "Name", "a-b", "users", "hidden", "_",
  "a_b_", "AND", "is", "enum", "__proto__", "with space ", "%s", "back\\slash" }

-- Its own random generator, to repeat a failure.
local function source(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n + 1
  end
end

local function quoted(name) return '"' .. name:gsub('"', '""') .. '"' end

local function list_of(names)
  local out = {}
  for i, name in ipairs(names) do out[i] = quoted(name) end
  return table.concat(out, ", ")
end

-- Some of a list, in its order.
local function some(pick, list, one_of)
  local out = {}
  for _, item in ipairs(list) do
    if pick(one_of) == 1 then out[#out + 1] = item end
  end
  return out
end

local LITE = {
  types = { "", "INTEGER", "INT", "TEXT", "VARCHAR(20)", "UNSIGNED BIG INT", "NUMERIC(10, 2)", "BOOLEAN", "DATE", "DATETIME", "BLOB", "JSON", "FANCY", "FLOAT",
    "TIMESTAMP", "BIGINT", "text", "DOUBLE PRECISION", "REAL", "STRING", "JSONB", "DECIMAL(5)" },
  defaults = { "(1+1)", "('a' || 'b')", "1", "'x'", "\"quoted\"", "CURRENT_TIMESTAMP", "CURRENT_DATE", "(datetime('now'))", "-5", "1e3", "0x10", "NULL", "TRUE",
    "x'00ff'", "'it''s'", "''", "(random())", "+3", "99999999999", "1.5", "'abc'", "(lower(hex(randomblob(16))))", "'a\"b\\c'", "(1)", "(-1)", "'2020-01-01'",
    "'[1, 2]'", "false", "''", "'1'", "1234567890123456789012", ".5", "5.", "'null'", "CURRENT_TIME", "('a')", "(NULL)", "'line\nbreak'", "'true'", "- 5" },
  enums = {},
}

local POSTGRES = {
  types = { "text", "varchar(20)", "varchar", "int", "smallint", "bigint", "numeric", "numeric(10, 2)", "money", "uuid", "timestamp", "timestamptz(3)", "date",
    "time", "interval", "bytea", "json", "jsonb", "int4range", "point", "bool", "real", "float8", "text[]", "int[]", "inet", "bit(3)", "varbit", "char(5)",
    "xml",
    "tsvector", "\"Mood\"", "\"Mood\"[]", "\"odd ones\"", "positive", "oid", "macaddr", "timetz", "numeric(30, 0)[]", "name", "\"char\"", "numeric(1000, 5)" },
  defaults = { text = { "'x'", "''", "'it''s'", "('a' || 'b')", "CURRENT_USER", "upper('x')", "'a\"b\\c'", "E'line\\nbreak'", "NULL", "'x'::varchar" },
    int = { "(1 + 1)", "1", "-5", "'7'::int", "length('abc')", "(random() * 10)::int" }, bool = { "true", "(1 = 1)", "NOT true" },
    ["timestamptz(3)"] = { "now()", "CURRENT_TIMESTAMP", "'2020-01-01'", "now() + '1 day'", "timezone('utc', now())", "'infinity'", "'0044-03-15 BC'" },
    date = { "CURRENT_DATE", "'2020-02-29'", "'infinity'" },
    uuid = { "gen_random_uuid()", "'00000000-0000-4000-8000-000000000001'" }, jsonb = { "'{}'", "'[1]'", "'null'" },
    ["\"Mood\""] = { "'sad'", "'a b'", "'a b'::\"Mood\"" }, ["\"odd ones\""] = { "''", "'3'" },
    ["text[]"] = { "'{}'", "ARRAY['a', 'b']", "'{NULL}'", "'{{a},{b}}'" },
    ["int[]"] = { "'{1,2}'", "ARRAY[]::int[]" }, bytea = { "'\\x00ff'", "'abc'" }, float8 = { "1.5", "'NaN'", "'Infinity'", "pi()", "1e300" },
    ["numeric(10, 2)"] = { "0", "1.50", "'NaN'" }, numeric = { "123456789012345678901234567890.5" }, money = { "1.5", "'$2'" }, smallint = { "3" },
    bigint = { "9007199254740993" }, ["\"Mood\"[]"] = { "'{sad}'", "ARRAY['a b'::\"Mood\"]" }, interval = { "'1 day'" }, json = { "'{\"a\": 1}'" },
    ["bit(3)"] = { "B'101'" }, time = { "'12:00'" }, ["char(5)"] = { "'ab'" },
    real = { "0.1", "1e10" }, point = { "'(1,2)'" }, timestamp = { "now()", "LOCALTIMESTAMP" } },
  head = [[CREATE TYPE "Mood" AS ENUM ('sad', 'a b', 'a_b', 'Sad'); CREATE TYPE "odd ones" AS ENUM ('', '3', '-', 'é',
    'x"y', 'it''s', 'true', 'a,b', 'back\slash',
    '__', 'two
lines'); CREATE TYPE "users" AS ENUM ('one'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
]],
}

local ACTIONS = { "", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE", " ON DELETE RESTRICT ON UPDATE NO ACTION", " ON DELETE SET DEFAULT" }

local function random_column(pick, engine, name)
  local kind = engine == "sqlite" and LITE or POSTGRES
  local type = kind.types[pick(#kind.types)]
  local parts = { quoted(name), type }
  if engine == "sqlite" and pick(12) == 1 then
    return { name = name, type = "", sql = quoted(name) .. " INT GENERATED ALWAYS AS (1 + 1) STORED", computed = true }
  end
  local defaults = engine == "sqlite" and LITE.defaults or POSTGRES.defaults[type] or {}
  if #defaults > 0 and pick(2) == 1 then parts[#parts + 1] = "DEFAULT " .. defaults[pick(#defaults)] end
  if pick(3) == 1 then parts[#parts + 1] = "NOT NULL" end
  if engine == "sqlite" and pick(6) == 1 then parts[#parts + 1] = "COLLATE NOCASE" end
  if engine == "sqlite" and pick(6) == 1 then parts[#parts + 1] = "UNIQUE" end
  if pick(10) == 1 then parts[#parts + 1] = ("CHECK (%s IS NOT NULL)"):format(quoted(name)) end
  return { name = name, type = type, sql = table.concat(parts, " ") }
end

local PLAIN = { text = 1, int = 1, smallint = 1, bigint = 1, uuid = 1, date = 1, ["\"Mood\""] = 1, bool = 1, ["varchar(20)"] = 1 }

-- The definition of one table: its columns, its keys, its foreign keys to tables before it or to itself.
local function random_table(pick, engine, name, before)
  local lite = engine == "sqlite"
  local columns, lines, usable = {}, {}, {}
  local key = pick(6)
  if key <= 3 then
    local forms = lite and { "INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT PRIMARY KEY", "INT PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY",
      "VARCHAR(10) PRIMARY KEY DEFAULT 'x'", "INTEGER PRIMARY KEY DESC", "PRIMARY KEY", "DATETIME PRIMARY KEY DEFAULT CURRENT_TIMESTAMP" }
      or { "serial PRIMARY KEY", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "text PRIMARY KEY", "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
        "int PRIMARY KEY", "smallserial PRIMARY KEY", "int PRIMARY KEY CONSTRAINT odd CHECK (id > 0)" }
    local form = forms[pick(#forms)]
    columns[1] = { name = "id", type = form:match "^%S+", sql = "id " .. form, key = true }
  end
  for _, column in ipairs(some(pick, COLUMNS, 6)) do columns[#columns + 1] = random_column(pick, engine, column) end
  if #columns == 0 then columns[1] = { name = "n", type = "int", sql = "n int" } end
  for i, c in ipairs(columns) do
    lines[i] = "  " .. c.sql
    if not c.computed and (lite or PLAIN[c.type] or c.key) then usable[#usable + 1] = c.name end
  end
  local unique = columns[1].key and { { "id" } } or {}
  local pair = { usable[1], usable[2] }
  if key == 4 and pair[2] then
    lines[#lines + 1] = ("  PRIMARY KEY (%s)"):format(list_of(pair))
    unique[#unique + 1] = pair
  elseif pair[2] and pick(3) == 1 then
    lines[#lines + 1] = ("  UNIQUE (%s)"):format(list_of { pair[2], pair[1] })
    unique[#unique + 1] = pair
  end
  local this = { name = name, unique = unique, columns = columns, usable = usable }
  for _ = 1, pick(3) - 1 do
    local target = pick(4) == 1 and this or before[pick(math.max(#before, 1))]
    local to = target and target.unique[pick(math.max(#target.unique, 1))]
    if to and #to <= #usable and (lite or #to == 1) then
      local from = { usable[pick(#usable)] }
      if #to == 2 then from = { usable[1], usable[2] } end
      if lite then
        local at = pick(8) == 1 and "nowhere" or target.name
        lines[#lines + 1] = ("  FOREIGN KEY (%s) REFERENCES %s (%s)%s"):format(list_of(from), quoted(at), list_of(to), ACTIONS[pick(#ACTIONS)])
      else -- a column of the same type
        lines[#lines + 1] = ("  %s int"):format(quoted("ref " .. #lines))
        this.later = this.later or {}
        this.later[#this.later + 1] = ("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s)%s"):format(quoted(name), quoted("ref " .. #lines - 1),
          quoted(target.name), list_of(to), ACTIONS[pick(#ACTIONS)])
      end
    end
  end
  local option = lite and columns[1].key and columns[1].sql ~= "id INTEGER PRIMARY KEY AUTOINCREMENT" and pick(8) == 1 and " WITHOUT ROWID" or ""
  this.sql = ("CREATE TABLE %s (\n%s\n)%s"):format(quoted(name), table.concat(lines, ",\n"), option)
  return this
end

local function random_indexes(pick, engine, t, out)
  for i = 1, pick(4) - 1 do
    local a, b = t.usable[pick(math.max(#t.usable, 1))], t.usable[pick(math.max(#t.usable, 1))]
    if not a then return end
    local columns = ({ list_of { a }, a ~= b and list_of { a, b } or list_of { a }, quoted(a) .. " DESC", ("(%s IS NULL)"):format(quoted(a)),
      engine == "sqlite" and quoted(a) .. " COLLATE NOCASE" or quoted(a) .. " NULLS FIRST" })[pick(5)]
    out[#out + 1] = ("CREATE %sINDEX %s ON %s (%s)%s"):format(pick(2) == 1 and "UNIQUE " or "", quoted(t.name .. " index " .. i), quoted(t.name), columns,
      pick(3) == 1 and (" WHERE %s IS NOT NULL"):format(quoted(a)) or "")
  end
end

local function random_database(pick, engine)
  local out, tables = {}, {}
  for _, name in ipairs(some(pick, TABLES, 4)) do
    local t = random_table(pick, engine, name, tables)
    if engine == "sqlite" or name ~= "users" then
      tables[#tables + 1] = t
      out[#out + 1] = t.sql
      random_indexes(pick, engine, t, out)
    end
  end
  for _, t in ipairs(tables) do
    for _, sql in ipairs(t.later or {}) do out[#out + 1] = sql end
  end
  if tables[1] and pick(3) == 1 then out[#out + 1] = ('CREATE VIEW "a view" AS SELECT * FROM %s'):format(quoted(tables[1].name)) end
  return out
end

support.each_engine(function(engine)
  describe("databases written by hand", function()
    -- Keeps what the database accepts: it refuses foreign keys between different types, for example.
    local function make(url, statements)
      local db, done = rille.connect { url = url, schema_text = "" }, {}
      if engine == "postgresql" then db:execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public;" .. POSTGRES.head) end
      for _, sql in ipairs(statements) do
        if pcall(db.execute_script, db, sql) then done[#done + 1] = sql end
      end
      db:close()
      return done
    end

    local function structure(url)
      local db = rille.connect { url = url, schema_text = "" }
      local found = engine == "sqlite" and db:query_raw "SELECT name, sql FROM sqlite_master ORDER BY name"
        or db:query_raw [[SELECT conname::text AS name, pg_get_constraintdef(oid) AS sql FROM pg_constraint WHERE connamespace = 'public'::regnamespace
          UNION ALL SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
          UNION ALL SELECT table_name || '.' || column_name, concat(data_type, is_nullable, column_default)
            FROM information_schema.columns WHERE table_schema = 'public'
          ORDER BY 1, 2]]
      db:close()
      return found
    end

    it("are pulled as schemas that describe them", function()
      local url, faults = support.database(engine), {}
      for seed = FIRST, FIRST + COUNT - 1 do
        if engine == "sqlite" then url = support.database(engine) end
        local done = make(url, random_database(source(seed * 7919), engine))
        local function fault(text) faults[#faults + 1] = ("seed %d: %s\n%s"):format(seed, text, table.concat(done, ";\n")) end
        local ok, pulled = pcall(rille.pull, { url = url })
        if not ok then
          if pulled.code ~= "P4001" then fault(tostring(pulled)) end
        else
          local valid, wrong = rille.validate(pulled)
          if not valid then fault(("%d: %s\n%s\n%s"):format(wrong[1].line, wrong[1].message, wrong[1].source_line, pulled))
          else
            local rest = rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true }
            local again = rille.pull { url = url, schema_text = pulled }
            local before = structure(url)
            local pushed, e = pcall(rille.push, { url = url, schema_text = pulled })
            if rest ~= "" then fault(rest .. pulled)
            elseif again ~= pulled then fault("pulled again: " .. again .. pulled)
            elseif not pushed then fault(tostring(e) .. pulled)
            else assert.same(before, structure(url)) end
          end
        end
      end
      assert(#faults == 0, ("%d faults\n%s"):format(#faults, faults[1]))
    end)
  end)
end)
