-- What the oracle of the cache works on: the schema, the operations, and how each writes down what it has seen or done.
--
-- Every write of a row counts its `v` up, in the statement itself. So the rows tell in which order they were written, whoever did it. A commit is noted
-- with the time before it was sent, the time of its answer, and the state of each row that it wrote. A cached read is noted with its begin, its end and
-- what it gave.
local rille = require "rille"

local model = {}

model.ACCOUNTS, model.VAULTS, model.TOTAL = 6, 4, 4000
local FIRST_GROUPS = 3

model.schema = [[
model Account {
  id      Int    @id
  name    String @unique
  team    Int
  balance Int
  v       BigInt
  notes   Note[]
}

model Note {
  id        Int     @id
  v         BigInt
  account   Account @relation(fields: [accountId], references: [id], onDelete: Cascade)
  accountId Int
}

model Vault {
  id     Int    @id
  amount Int
  v      BigInt
}
]]

local up = { increment = 1 }

-- States as text: "a3:v:team:balance:name", "n31:v", "v2:v:amount"; "a3:v:gone" after row v was deleted; with "+" in front the first of a new row.
local function account_state(row) return ("a%d:%d:%d:%d:%s"):format(row.id, row.v, row.team, row.balance, row.name) end
local function note_state(row) return ("n%d:%d"):format(row.id, row.v) end
local function vault_state(row) return ("v%d:%d:%d"):format(row.id, row.v, row.amount) end

function model.fill(db, now)
  for id = 1, model.ACCOUNTS do model.create_account(db, id, now) end
  for id = 1, model.VAULTS do db.vault:create { data = { id = id, amount = model.TOTAL // model.VAULTS, v = math.floor(now() * 1e6) } } end
end

-- Returns the states of all rows, as the first commit.
function model.all(db)
  local states = {}
  for _, row in ipairs(db.account:find_many()) do states[#states + 1] = "+" .. account_state(row) end
  for _, row in ipairs(db.note:find_many()) do states[#states + 1] = "+" .. note_state(row) end
  for _, row in ipairs(db.vault:find_many()) do states[#states + 1] = "+" .. vault_state(row) end
  return states
end

-- ------------------------------------------------------------------------------------------------------------------------------------ writes

local function notes_of(id) return { id * 10 + 1, id * 10 + 2 } end

-- A new account begins to count above every row that had its id before.
function model.create_account(db, id, now)
  local v, notes = math.floor(now() * 1e6), {}
  for i, note in ipairs(notes_of(id)) do notes[i] = { id = note, v = v } end
  local row = db.account:create {
    data = { id = id, name = ("name %d-%d"):format(id, v), team = id % FIRST_GROUPS, balance = 100, v = v, notes = { create = notes } },
    include = { notes = true },
  }
  local states = { "+" .. account_state(row) }
  for _, note in ipairs(row.notes) do states[#states + 1] = "+" .. note_state(note) end
  return states
end

-- What is returned is the row that was deleted, since it comes from the same statement. Its notes go with it: the judge knows.
local function delete_account(db, id)
  local row = db.account:delete { where = { id = id } }
  return { ("a%d:%d:gone"):format(row.id, row.v) }
end

local function update_account(db, where, data)
  data.v = up
  return { account_state(db.account:update { where = where, data = data }) }
end

-- Each gets the client or a transaction, and returns the states that it has written. Errors of rows that are gone are no failure.
local writes = {}

function writes.by_id(db, random) return update_account(db, { id = random(model.ACCOUNTS) }, { balance = { increment = random(9) } }) end

function writes.team(db, random) return update_account(db, { id = random(model.ACCOUNTS) }, { team = random(FIRST_GROUPS) - 1 }) end

function writes.rename(db, random, now)
  local id = random(model.ACCOUNTS)
  return update_account(db, { id = id }, { name = ("name %d-%d"):format(id, math.floor(now() * 1e6)) })
end

function writes.by_name(db, random)
  local row = db.account:find_unique { where = { id = random(model.ACCOUNTS) } }
  return row and update_account(db, { name = row.name }, { balance = { increment = 1 } }) or {}
end

function writes.many(db, random)
  local states = {}
  for i, row in ipairs(db.account:update_many_and_return { where = { team = random(FIRST_GROUPS) - 1 }, data = { balance = up, v = up } }) do
    states[i] = account_state(row)
  end
  return states
end

function writes.upsert(db, random, now)
  local id, v = random(model.ACCOUNTS), math.floor(now() * 1e6)
  local row = db.account:upsert { where = { id = id }, update = { balance = up, v = up },
    create = { id = id, name = ("name %d-%d"):format(id, v), team = 0, balance = 5, v = v } }
  return { (row.v == v and "+" or "") .. account_state(row) }
end

function writes.note(db, random)
  local id = notes_of(random(model.ACCOUNTS))[random(2)]
  return { note_state(db.note:update { where = { id = id }, data = { v = up } }) }
end

function writes.nested(db, random)
  local id = random(model.ACCOUNTS)
  local note = notes_of(id)[random(2)]
  local row = db.account:update { where = { id = id }, include = { notes = { where = { id = note } } },
    data = { v = up, notes = { update = { where = { id = note }, data = { v = up } } } } }
  local states = { account_state(row) }
  for _, written in ipairs(row.notes) do states[#states + 1] = note_state(written) end
  return states
end

local RAW = 'UPDATE "Account" SET balance = balance + 1, v = v + 1 WHERE id = ? RETURNING id, name, team, balance, v'

local function raw(db, fragment)
  local states = {}
  for i, row in ipairs(db:query_raw(fragment)) do states[i] = account_state(row) end
  return states
end

function writes.raw(db, random) return raw(db, rille.sql(RAW, random(model.ACCOUNTS))) end

function writes.raw_named(db, random) return raw(db, rille.sql(RAW, random(model.ACCOUNTS)):touches("account")) end

-- These need a transaction, because they write several rows.
local transactions = {}

function transactions.replace(tx, random, now)
  local id = random(model.ACCOUNTS)
  local states = {}
  if tx.account:find_unique { where = { id = id } } then states = delete_account(tx, id) end
  if random(3) == 1 then return states end
  for _, state in ipairs(model.create_account(tx, id, now)) do states[#states + 1] = state end
  return states
end

function transactions.transfer(tx, random)
  local from = random(model.VAULTS)
  local to = from % model.VAULTS + 1
  local first, second = math.min(from, to), math.max(from, to) -- in one order, or they wait for each other
  local amount = random(20)
  local states = {}
  for _, id in ipairs { first, second } do
    local row = tx.vault:update { where = { id = id }, data = { amount = { increment = id == from and -amount or amount }, v = up } }
    states[#states + 1] = vault_state(row)
  end
  return states
end

-- What a savepoint wrote is gone when it is rolled back.
function transactions.savepoint(tx, random)
  pcall(tx.transaction, tx, function(inner)
    writes.team(inner, random)
    error "not this one"
  end)
  return writes.by_id(tx, random)
end

model.writes, model.transactions = writes, transactions

-- ------------------------------------------------------------------------------------------------------------------------------------- reads

-- Each returns the text of what the read is about, and what it gave: states, or numbers. `cache` is the argument of that name.
local reads = {}

local function rows_of(rows)
  local states = {}
  for i, row in ipairs(rows) do
    states[i] = account_state(row)
    for _, note in ipairs(row.notes or {}) do states[#states + 1] = note_state(note) end
  end
  return states
end

function reads.by_id(db, random, cache)
  local id = random(model.ACCOUNTS)
  return ("id %d"):format(id), rows_of { db.account:find_unique { where = { id = id }, cache = cache } }
end

-- By a name that was read a moment ago: it may be another's now, or nobody's.
function reads.by_name(db, random, cache, names)
  if #names == 0 then return nil end
  local name = names[random(#names)]
  return "name " .. name, rows_of { db.account:find_unique { where = { name = name }, cache = cache } }
end

function reads.with_notes(db, random, cache)
  local id = random(model.ACCOUNTS)
  return ("notes %d"):format(id), rows_of { db.account:find_unique { where = { id = id }, include = { notes = true }, cache = cache } }
end

function reads.team(db, random, cache)
  local team = random(FIRST_GROUPS) - 1
  return ("team %d"):format(team), rows_of(db.account:find_many { where = { team = team }, cache = cache })
end

function reads.json(db, random, cache)
  local team = random(FIRST_GROUPS) - 1
  local text = db.account:find_many { where = { team = team }, as = "json", cache = cache }
  return ("team %d"):format(team), rows_of(rille.json.decode(text))
end

function reads.by_note(db, random, cache)
  local id = random(model.ACCOUNTS)
  return ("noted %d"):format(id), rows_of(db.account:find_many { where = { id = id, notes = { some = {} } }, cache = cache })
end

function reads.count(db, random, cache)
  local team = random(FIRST_GROUPS) - 1
  return ("count %d"):format(team), { tostring(db.account:count { where = { team = team }, cache = cache }) }
end

function reads.total(db, _, cache)
  return "total", { tostring(db.vault:aggregate { _sum = { amount = true }, cache = cache }._sum.amount) }
end

function reads.vaults(db, _, cache)
  local states = {}
  for i, row in ipairs(db.vault:find_many { order_by = { id = "asc" }, cache = cache }) do states[i] = vault_state(row) end
  return "vaults", states
end

function reads.cached(_, random, _, _, functions)
  local id = random(model.ACCOUNTS)
  return ("notes %d"):format(id), functions.account(id)
end

model.reads = reads

-- The functions that reads.cached calls.
function model.functions(db)
  return {
    account = db:cached(function(id) return rows_of { db.account:find_unique { where = { id = id }, include = { notes = true } } } end,
      { key = "account", ttl = 60 }),
  }
end

return model
