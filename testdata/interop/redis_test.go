package interop

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"vouchsafe/registry"
)

// A redisCache is a registry.Cache: all that an application has to write.
type redisCache struct{ redis *redis.Client }

func (c redisCache) Get(ctx context.Context, key string) ([]byte, error) {
	return found(c.redis.Get(ctx, key).Bytes())
}

func (c redisCache) Set(ctx context.Context, key string, value []byte, life time.Duration) error {
	return c.redis.Set(ctx, key, value, life).Err()
}

func (c redisCache) Delete(ctx context.Context, key string) error {
	return c.redis.Del(ctx, key).Err()
}

func found(value []byte, err error) ([]byte, error) {
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, err
}

// A redisTaker is one that takes in one step, since Redis 6.2.
type redisTaker struct{ redisCache }

func (c redisTaker) Take(ctx context.Context, key string) ([]byte, error) {
	return found(c.redis.GetDel(ctx, key).Bytes())
}

// startRedis starts a Redis server for this test alone, which listens to a socket in a directory
// of its own and writes nothing to disk, and returns a client of it.
func startRedis(t testing.TB) *redis.Client {
	t.Helper()
	program := find(t, "redis-server")
	s := newServer(t, "redis")
	socket := filepath.Join(s.dir, "socket")
	// It is "Ready" where it listens to a port, and "ready" here.
	s.start("eady to accept connections", syscall.SIGTERM, program, "--port", "0",
		"--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", s.dir)
	return redis.NewClient(&redis.Options{
		Network: "unix", Addr: socket, MaxRetries: -1, DialerRetries: 1})
}

func plain(next http.Handler) http.Handler { return next }

func newRedisSite(t *testing.T) (*keptSite, *redis.Client) {
	t.Helper()
	client := startRedis(t)
	t.Cleanup(func() { client.Close() })
	return newKeptSite(t, registry.CacheStore(redisTaker{redisCache{client}}), plain), client
}

func TestRedisKeepsLogins(t *testing.T) {
	s, client := newRedisSite(t)
	testLogins(t, s)
	t.Run("without Take", func(t *testing.T) {
		testLogins(t, newKeptSite(t, registry.CacheStore(redisCache{client}), plain))
	})
	if n, err := client.DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("%d records are left, error %v", n, err)
	}
}

// Of many that come at the same time exactly one completes the login.
func TestRedisGivesOnce(t *testing.T) {
	s, _ := newRedisSite(t)
	for range 20 {
		s.answers.Store(0)
		in := &visitor{}
		callback := s.mustBegin(t, in)
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			copied := in.clone()
			wg.Go(func() { errs[i] = s.complete(copied, callback) })
		}
		wg.Wait()
		passed := 0
		for _, err := range errs {
			if err == nil {
				passed++
			} else if !errors.Is(err, &registry.TransactionError{Reason: registry.ReasonUsed}) {
				t.Errorf("error is %v", err)
			}
		}
		if passed != 1 || s.answers.Load() != 1 {
			t.Errorf("%d of %d completed", passed, len(errs))
		}
	}
}

// Redis forgets by itself: a record lives twice as long as a login may take.
func TestRedisForgetsLogins(t *testing.T) {
	s, client := newRedisSite(t)
	in := &visitor{}
	callback := s.mustBegin(t, in)
	key := onlyKey(t, client)
	life, err := client.PTTL(t.Context(), key).Result()
	if err != nil || life <= 19*time.Minute || life > 20*time.Minute {
		t.Errorf("the record lives for %v, error %v", life, err)
	}
	if err := client.PExpire(t.Context(), key, time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	for {
		left, err := client.Exists(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
	}
	s.refused(t, in, callback, registry.ReasonUsed)
}

func onlyKey(t *testing.T, client *redis.Client) string {
	t.Helper()
	keys, err := client.Keys(t.Context(), "vouchsafe:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys are %q, error %v", keys, err)
	}
	return keys[0]
}

// What others have written to Redis is no login, and a key of another type no record.
func TestRedisGarbage(t *testing.T) {
	s, client := newRedisSite(t)
	in := &visitor{}
	callback := s.mustBegin(t, in)
	key := onlyKey(t, client)
	if err := client.Set(t.Context(), key, "garbage", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	s.refused(t, in, callback, registry.ReasonTampered)

	callback = s.mustBegin(t, in)
	key = onlyKey(t, client)
	client.Del(t.Context(), key)
	if err := client.RPush(t.Context(), key, "garbage").Err(); err != nil {
		t.Fatal(err)
	}
	err := s.complete(in, callback)
	if _, ok := errors.AsType[redis.Error](err); !ok || s.answers.Load() != 0 {
		t.Errorf("error is %v", err)
	}
}

// A Redis that is down begins no login and completes none, and says what is wrong.
func TestRedisDown(t *testing.T) {
	var s *keptSite
	var callback string
	in := &visitor{}
	t.Run("up", func(t *testing.T) {
		client := startRedis(t)
		s = newKeptSite(t, registry.CacheStore(redisTaker{redisCache{client}}), plain)
		callback = s.mustBegin(t, in)
	})
	if s == nil {
		t.Skip("SKIP: not installed: " + installDatabases)
	}
	down := func(err error) bool {
		_, ok := errors.AsType[*net.OpError](err)
		return ok && strings.Contains(err.Error(), `registry: "provider": cache: `)
	}
	if err := s.complete(in, callback); !down(err) || s.answers.Load() != 0 {
		t.Errorf("completes: error is %v", err)
	}
	other := &visitor{}
	if _, err := s.begin(other); !down(err) || len(other.cookies) != 0 {
		t.Errorf("begins: error is %v, cookies %v", err, other.cookies)
	}
}
