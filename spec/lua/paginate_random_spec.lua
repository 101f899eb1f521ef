-- Keyset pages over rows that change: a row that stays, and whose values in the order stay, comes exactly once and in its place.
-- RILLE_LONG=1 runs more rounds.
local rille = require "rille"
local support = require "support"

local schema = [[
enum Role {
  reader
  author
  admin
}

model Item {
  a      Int
  b      String
  text   String?
  name   String
  num    Int?
  big    BigInt
  dec    Decimal?
  float  Float
  at     DateTime?
  flag   Boolean
  maybe  Boolean?
  role   Role?
  other  Int    @default(0)

  @@id([a, b])
}
]]

local ROUNDS = os.getenv "RILLE_LONG" and 1500 or 60
local TEXTS = { "a", "A", "b", "B", "ä", "Ä", "z", "Z", "ß", "ss", "", " ", "a b", "ab", "é", "e", "1", "10", "2" }
local BIG = rille.json.decode "[9007199254740993]"[1]
local FLOATS = { 0.1, 0.1 + 0.2, -1.5, 1e300, 1e-300, 3 }
local MOMENTS = { "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z", "1969-12-31T23:59:59.999Z", "2026-06-01T12:00:00+02:00" }
local NULLABLE = { text = true, num = true, dec = true, at = true, maybe = true, role = true }
local FIELDS = { "text", "name", "num", "big", "dec", "float", "at", "flag", "maybe", "role", "b" }

local function pick(list) return list[math.random(#list)] end

local function values()
  return {
    text = math.random(4) > 1 and pick(TEXTS) or rille.null,
    name = pick(TEXTS),
    num = math.random(4) > 1 and math.random(-2, 2) or rille.null,
    big = math.random(2) == 1 and BIG or math.random(-2, 2),
    dec = math.random(4) > 1 and pick { "0.1", "0.25", "-3", "12345678.125", "0.3" } or rille.null,
    float = pick(FLOATS),
    at = math.random(4) > 1 and pick(MOMENTS) or rille.null,
    flag = math.random(2) == 1,
    maybe = math.random(3) > 1 and (math.random(2) == 1) or rille.null,
    role = math.random(4) > 1 and pick { "reader", "author", "admin" } or rille.null,
  }
end

local function new_row(used)
  local row = values()
  repeat row.a, row.b = math.random(0, 12), pick(TEXTS) until not used[row.a .. "|" .. row.b]
  used[row.a .. "|" .. row.b] = true
  return row
end

local function key_of(row) return row.a .. "|" .. row.b end

local function random_order()
  local order, seen = {}, {}
  for i = 1, math.random(0, 4) do
    local name = pick(FIELDS)
    local sort = pick { "asc", "desc" }
    if not seen[name] then
      local how = sort
      if NULLABLE[name] and math.random(2) == 1 then how = { sort = sort, nulls = pick { "first", "last" } } end
      seen[name], order[#order + 1] = true, { [name] = how }
    end
    if i == 0 then break end
  end
  return #order == 1 and math.random(2) == 1 and order[1] or order
end

-- Changes rows that need not stay, and values of staying rows that are not in the order.
local function change(db, staying, used)
  for _ = 1, math.random(0, 3) do
    local what = math.random(4)
    if what == 1 then
      db.item:create { data = new_row(used) }
      goto next
    end
    local row = db.item:find_first { skip = math.random(0, 30), order_by = { name = "asc" } }
    if not row then goto next end
    local where = { a_b = { a = row.a, b = row.b } }
    if staying[key_of(row)] then
      db.item:update { where = where, data = { other = { increment = 1 } } }
    elseif what == 2 then
      db.item:delete { where = where }
    else
      db.item:update { where = where, data = values() }
    end
    ::next::
  end
end

local function walk(db, args, staying, used, forward)
  local seen, lists, page = {}, {}, nil
  for pages = 1, 500 do
    args.after, args.before = forward and page and page.next or nil, not forward and page and page.previous or nil
    if not forward and not page then args.before = staying.from end
    page = db.item:paginate(args)
    assert.is_true(#page.rows <= args.per_page)
    local list = {}
    for _, row in ipairs(page.rows) do
      local key = key_of(row)
      if staying[key] then
        assert.is_nil(seen[key], key .. " came twice")
        seen[key], list[#list + 1] = true, key
      end
    end
    if forward then lists[#lists + 1] = table.concat(list, " ") else table.insert(lists, 1, table.concat(list, " ")) end
    local on = page.next
    if not forward then on = page.previous end
    if not on then break end
    assert.is_true(pages < 500)
    change(db, staying, used)
  end
  for key in pairs(staying) do assert.is_true(key == "from" or seen[key], key .. " was lost") end
  return (table.concat(lists, " "):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local function round(db, seed)
  math.randomseed(seed)
  db.item:delete_many { where = rille.all }
  local rows, used, staying = {}, {}, {}
  for i = 1, math.random(5, 40) do
    rows[i] = new_row(used)
    if math.random(3) > 1 then staying[key_of(rows[i])] = true end
  end
  db.item:create_many { data = rows }
  local args = { order_by = random_order(), per_page = math.random(1, 9), select = math.random(2) == 1 and { a = true, b = true } or nil }
  if type(args.order_by) == "table" and #args.order_by == 0 and not next(args.order_by) then args.order_by = nil end
  local there = walk(db, args, staying, used, true)
  -- from the end back: the last page, then what is before it
  local last = db.item:paginate { order_by = args.order_by, per_page = 100 }
  local after_all = db.item:paginate { order_by = args.order_by, per_page = math.max(1, #last.rows - 1), total = false }
  if not after_all.next then return end
  local tail = db.item:paginate { order_by = args.order_by, per_page = 100, after = after_all.next }
  local rest = {}
  for _, row in ipairs(tail.rows) do rest[key_of(row)] = true end
  for key in pairs(rest) do staying[key] = nil end
  staying.from = tail.previous
  local back = walk(db, args, staying, used, false)
  for key in back:gmatch "%S+" do assert.truthy((" " .. there .. " "):find(" " .. key .. " ", 1, true) or key:find " ", key) end
end

local COLLATIONS = {
  postgresql = { "C", "en-x-icu", "de-AT-x-icu" },
  sqlite = { "BINARY", "NOCASE", "RTRIM" },
}

support.each_engine(function(engine)
  for number, collation in ipairs(COLLATIONS[engine]) do
    it("neither repeat nor lose a row, ordered by " .. collation, function()
      local db = support.open(engine, schema)
      if engine == "postgresql" then
        for _, column in ipairs { "text", "name", "b" } do
          db:execute_script(('ALTER TABLE "Item" ALTER COLUMN "%s" TYPE text COLLATE "%s"'):format(column, collation))
        end
      else
        db:execute_script(([[
          DROP TABLE "Item";
          CREATE TABLE "Item" (a INTEGER NOT NULL, b TEXT NOT NULL, text TEXT COLLATE %s, name TEXT NOT NULL COLLATE %s, num INTEGER,
            big BIGINT NOT NULL, dec DECIMAL, float REAL NOT NULL, at DATETIME,
            flag BOOLEAN NOT NULL, maybe BOOLEAN, role TEXT, other INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (a, b))
        ]]):format(collation, collation))
      end
      for i = 1, ROUNDS do
        local seed = number * 100000 + i
        local ok, e = pcall(round, db, seed)
        if not ok then error(("round %d: %s"):format(seed, tostring(e)), 0) end
      end
    end)
  end
end)
