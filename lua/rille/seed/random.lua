--- Random numbers from a seed: the same on every version of Lua and every machine.
---
--- The generator is MRG32k3a of L'Ecuyer. Its products stay below 2^53, so doubles and integers give the same.
local errors = require "rille.errors"

local random = {}
random.__index = random

local M1, M2 = 4294967087, 4294944443
local floor = math.floor

-- Lua 5.1 computes a % b with a division that may round up to the next integer.
local function mod(a, m)
  local r = a % m
  if r < 0 then return r + m end
  return r >= m and r - m or r
end

-- Six numbers from a string; neither half is all zero.
local function state_of(text)
  local s = { 12345, 23456, 34567, 45678, 56789, 67890 }
  for round = 1, 2 do
    for i = 1, #text do
      local byte = text:byte(i)
      for k = 1, 6 do
        local m = k <= 3 and M1 or M2
        s[k] = mod(s[k] * (69069 + 2 * k) + byte * 257 + i + round + s[k % 6 + 1] % 65536, m)
      end
    end
  end
  for k = 1, 6 do
    if s[k] == 0 then s[k] = k end
  end
  return s
end

--- Returns a source of random numbers; the same strings give the same numbers.
---@param ... string|number
function random.new(...)
  local parts = { ... }
  for i = 1, #parts do parts[i] = type(parts[i]) == "number" and ("%.17g"):format(parts[i]) or tostring(parts[i]) end
  local self = setmetatable({ s = state_of(table.concat(parts, "\0")) }, random)
  for _ = 1, 8 do self:next() end
  return self
end

--- The next number, from 0 to 4294967086.
---@return integer
function random:next()
  local s = self.s
  local a = mod(1403580 * s[2] - 810728 * s[1], M1)
  s[1], s[2], s[3] = s[2], s[3], a
  local b = mod(527612 * s[6] - 1370589 * s[4], M2)
  s[4], s[5], s[6] = s[5], s[6], b
  return mod(a - b, M1)
end

--- An integer from `low` to `high`, inclusive. They may differ by up to 2^52.
---@param low integer
---@param high integer
---@return integer
function random:int(low, high)
  if type(low) ~= "number" or type(high) ~= "number" or low % 1 ~= 0 or high % 1 ~= 0 or low > high then
    errors.raise("VALIDATION", "seed: int(low, high): expected two integers, the smaller first")
  end
  local span = high - low + 1
  if span <= 1048576 then return floor(low + self:next() % span) end
  local high_bits = self:next() % 1048576
  return floor(low + mod(high_bits * 4294967296 + self:next(), span))
end

--- A number from 0 to 1, without 1.
---@return number
function random:float() return self:next() / M1 end

--- Returns true with the probability p (one half).
---@param p? number
---@return boolean
function random:boolean(p) return self:float() < (p or 0.5) end

--- One of a list.
function random:choice(list)
  if type(list) ~= "table" or #list == 0 then errors.raise("VALIDATION", "seed: choice: expected a list that is not empty") end
  return list[self:int(1, #list)]
end

--- One of a list of { value, weight }.
function random:weighted(list)
  local sum = 0
  for _, pair in ipairs(type(list) == "table" and list or {}) do
    if type(pair) ~= "table" or type(pair[2]) ~= "number" or pair[2] < 0 then sum = 0 break end
    sum = sum + pair[2]
  end
  if sum <= 0 then errors.raise("VALIDATION", "seed: weighted: expected a list such as { { \"reader\", 9 }, { \"admin\", 1 } }") end
  local at = self:float() * sum
  for _, pair in ipairs(list) do
    at = at - pair[2]
    if at < 0 then return pair[1] end
  end
  return list[#list][1]
end

--- n different elements of a list, in their order; all of them if there are fewer.
function random:sample(list, n)
  local left, picked = #list, {}
  for _, value in ipairs(list) do
    local wanted = n - #picked
    if wanted > 0 and self:next() % left < wanted then picked[#picked + 1] = value end
    left = left - 1
  end
  return picked
end

return random
